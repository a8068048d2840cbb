package codec_test

import (
	"fmt"
	"strings"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

// readAs encodes v as an earlier program did, and shows what today's codec makes of it.
func readAs[Old, T any](v Old, then codec.Codec[Old], now codec.Codec[T]) {
	data, err := then.Append(nil, &v)
	if err != nil {
		fmt.Println(err)
		return
	}
	var got T
	err = now.Decode(data, &got)
	fmt.Printf("%+v %v\n", got, err)
}

// A field that is added or removed needs nothing.
func Example_fieldRemoved() {
	type before struct {
		Customer string
		Coupon   string
	}
	type Cart struct {
		Customer string
		Notices  []string
	}
	readAs(before{"ada", "10%"}, codec.MessagePack[before](), codec.MessagePack[Cart]())
	// Output: {Customer:ada Notices:[]} <nil>
}

// A field that is renamed keeps its old name in a tag.
func Example_fieldRenamed() {
	type before struct{ User string }
	type Cart struct {
		Customer string `msgpack:"User"`
	}
	readAs(before{"ada"}, codec.MessagePack[before](), codec.MessagePack[Cart]())
	// Output: {Customer:ada} <nil>
}

// A field that changes its type needs a version. Here it is the first one, so
// that all that is stored has none, which counts as 0.
func Example_fieldRetyped() {
	type cartV0 struct{ Price float64 }
	type Cart struct{ Cents int64 }

	carts, err := codec.Versioned(1, codec.MessagePack[Cart](),
		codec.From(0, codec.MessagePack[cartV0](), func(c cartV0) (Cart, error) {
			return Cart{Cents: int64(c.Price*100 + 0.5)}, nil
		}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	readAs(cartV0{12.34}, codec.MessagePack[cartV0](), carts)
	// Output: {Cents:1234} <nil>
}

// A field that means something else than before needs a version as well, although
// every old value can be read: nothing but the version tells euros from cents.
func Example_fieldRedefined() {
	type Cart struct{ Price int64 } // in cents; in euros before

	plain := codec.MessagePack[Cart]()
	carts, err := codec.Versioned(1, plain, codec.From(0, plain, func(c Cart) (Cart, error) {
		return Cart{Price: c.Price * 100}, nil
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	readAs(Cart{12}, plain, carts)
	readAs(Cart{1234}, carts, carts)
	// Output:
	// {Price:1200} <nil>
	// {Price:1234} <nil>
}

// A field that is split in two needs a version too. A value that the upgrade
// refuses ends that session and no other.
func Example_fieldSplit() {
	type visitV1 struct{ Name string }
	type Visit struct{ First, Last string }

	visits, err := codec.Versioned(2, codec.MessagePack[Visit](),
		codec.From(1, codec.MessagePack[visitV1](), func(v visitV1) (Visit, error) {
			first, last, ok := strings.Cut(v.Name, " ")
			if !ok {
				return Visit{}, fmt.Errorf("%q has no last name", v.Name)
			}
			return Visit{first, last}, nil
		}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	v1, err := codec.Versioned(1, codec.MessagePack[visitV1]())
	if err != nil {
		fmt.Println(err)
		return
	}
	readAs(visitV1{"Ada Lovelace"}, v1, visits)
	readAs(visitV1{"Ada"}, v1, visits)
	// Output:
	// {First:Ada Last:Lovelace} <nil>
	// {First: Last:} codec: upgrade from version 1: "Ada" has no last name
}

// A codec with a version leaves newer values to newer programs.
func ExampleVersioned() {
	type Cart struct{ Items []string }

	v1, err := codec.Versioned(1, codec.MessagePack[Cart]())
	if err != nil {
		fmt.Println(err)
		return
	}
	v2, err := codec.Versioned(2, codec.MessagePack[Cart](), codec.From(1, codec.MessagePack[Cart](), codec.Same))
	if err != nil {
		fmt.Println(err)
		return
	}
	readAs(Cart{[]string{"tea"}}, v1, v2)
	readAs(Cart{[]string{"tea"}}, v2, v1)
	// Output:
	// {Items:[tea]} <nil>
	// {Items:[]} session: record was written by a newer version of the program: version 2, while this one knows versions up to 1
}

// Each old version has an upgrade of its own, made of the steps from one version
// to the next.
func ExampleFrom() {
	type cartV1 struct{ Item string }
	type cartV2 struct{ Items []string }
	type Cart struct{ Items map[string]int }

	toV2 := func(c cartV1) cartV2 { return cartV2{[]string{c.Item}} }
	toV3 := func(c cartV2) (Cart, error) {
		counts := map[string]int{}
		for _, item := range c.Items {
			counts[item]++
		}
		return Cart{counts}, nil
	}
	carts, err := codec.Versioned(3, codec.MessagePack[Cart](),
		codec.From(1, codec.MessagePack[cartV1](), func(c cartV1) (Cart, error) { return toV3(toV2(c)) }),
		codec.From(2, codec.MessagePack[cartV2](), toV3),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	v1, _ := codec.Versioned(1, codec.MessagePack[cartV1]())
	v2, _ := codec.Versioned(2, codec.MessagePack[cartV2]())
	readAs(cartV1{"tea"}, v1, carts)
	readAs(cartV2{[]string{"tea", "cup", "tea"}}, v2, carts)
	readAs(Cart{map[string]int{"tea": 3}}, carts, carts)
	readAs(Cart{}, carts, v2) // the program before meets what this one wrote
	// Output:
	// {Items:map[tea:1]} <nil>
	// {Items:map[cup:1 tea:2]} <nil>
	// {Items:map[tea:3]} <nil>
	// {Items:[]} session: record was written by a newer version of the program: version 3, while this one knows versions up to 2
}

// A program starts to use versions, with a type that stays as it is.
func ExampleSame() {
	type Cart struct{ Customer string }

	plain := codec.MessagePack[Cart]()
	carts, err := codec.Versioned(1, plain, codec.From(0, plain, codec.Same))
	if err != nil {
		fmt.Println(err)
		return
	}
	readAs(Cart{"ada"}, plain, carts)
	// Output: {Customer:ada} <nil>
}

// basket was named cart, and says so.
type basket struct{ Customer string }

func (basket) SessionType() string {
	return "github.com/seed48429006/sessions/codec_test.cart"
}

// A type that is renamed, or moved to another package, says what it was: the path
// of its package and its name.
func Example_typeRenamed() {
	id := session.NewID()
	data, err := wire.AppendRecord(nil, &session.Record[cart]{ID: id, Value: cart{Customer: "ada"}}, 1, codec.MessagePack[cart]())
	if err != nil {
		fmt.Println(err)
		return
	}
	rec, err := wire.DecodeRecord(data, id, codec.MessagePack[basket]())
	fmt.Println(rec.Value.Customer, err)
	// Output: ada <nil>
}

func ExampleSealed() {
	type Cart struct{ Customer string }
	key := []byte("from a secret store, 32 bytes ok") // 32 random bytes

	carts, err := codec.Sealed(codec.MessagePack[Cart](), key)
	if err != nil {
		fmt.Println(err)
		return
	}
	data, err := carts.Append(nil, &Cart{"ada"})
	fmt.Println(strings.Contains(string(data), "ada"), err)

	var v Cart
	fmt.Println(carts.Decode(data, &v), v.Customer)
	data[len(data)-1] ^= 1
	fmt.Println(carts.Decode(data, &v))
	// Output:
	// false <nil>
	// <nil> ada
	// codec: the value cannot be opened: it is sealed with another key or for another record, or it is corrupt
}
