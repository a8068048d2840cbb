package codec_test

import (
	"fmt"

	"github.com/seed48429006/sessions/codec"
)

func Example() {
	type Visit struct {
		Customer string
		Pages    []string
	}
	c := codec.MessagePack[Visit]()

	data, err := c.Append(nil, &Visit{"anna", []string{"/", "/cart"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	var v Visit
	if err := c.Decode(data, &v); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(data), "bytes:", v.Customer, v.Pages)
	// Output: 30 bytes: anna [/ /cart]
}

// A number that does not fit into its field is an error, and no other number.
func ExampleMessagePack() {
	type before struct{ Count int }
	type Visit struct{ Count int8 }

	data, err := codec.MessagePack[before]().Append(nil, &before{300})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(codec.MessagePack[Visit]().Decode(data, new(Visit)))
	// Output: codec: Count: the number 300 does not fit into type int8
}

func ExampleJSON() {
	type Visit struct {
		Customer string   `json:"customer"`
		Pages    []string `json:"pages"`
	}
	data, err := codec.JSON[Visit]().Append(nil, &Visit{"anna", nil})
	fmt.Println(string(data), err)
	// Output: {"customer":"anna","pages":null} <nil>
}

type Game struct {
	Score complex128
	Done  chan bool `msgpack:"-" json:"-"`
}

func ExampleChecker() {
	if c, ok := codec.MessagePack[Game]().(codec.Checker); ok {
		fmt.Println(c.Check())
	}
	// Output: codec: MessagePack: Game.Score: a complex number cannot be stored; use two floats, or tag it `msgpack:"-" json:"-"`
}
