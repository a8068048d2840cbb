package codec_test

import (
	"strings"
	"testing"

	"github.com/seed48429006/sessions/codec"
)

type oldLine struct {
	SKU   string
	Count string
}

type oldBasket struct {
	Owner string
	Home  *oldLine
	Lines []oldLine
}

type newLine struct {
	SKU   string
	Count int
}

type newBasket struct {
	Owner string
	Home  *newLine
	Lines []newLine
}

// An operator who reads the error learns which field's type was changed.
func TestDecodeErrorNamesTheField(t *testing.T) {
	for _, test := range []struct {
		name  string
		value oldBasket
		want  string
	}{
		{"in a pointer", oldBasket{Owner: "ada", Home: &oldLine{"a", "one"}}, "field Home.Count:"},
		{"in a slice", oldBasket{Owner: "ada", Lines: []oldLine{{"a", "one"}}}, "field Lines[].Count:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			data, err := codec.MessagePack[oldBasket]().Append(nil, &test.value)
			if err != nil {
				t.Fatal(err)
			}
			var got newBasket
			err = codec.MessagePack[newBasket]().Decode(data, &got)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q in it", err, test.want)
			}
		})
	}
	t.Run("at the top", func(t *testing.T) {
		data, err := codec.MessagePack[oldLine]().Append(nil, &oldLine{"a", "one"})
		if err != nil {
			t.Fatal(err)
		}
		var got newLine
		if err := codec.MessagePack[newLine]().Decode(data, &got); err == nil || !strings.Contains(err.Error(), "field Count:") {
			t.Errorf("error %v", err)
		}
	})
}
