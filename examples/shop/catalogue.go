package main

import "fmt"

// A Price is an amount of money in cents.
type Price int

func (p Price) String() string { return fmt.Sprintf("€%d.%02d", p/100, p%100) }

// A Product is something that the shop sells.
type Product struct {
	SKU   string
	Name  string
	About string
	Price Price
}

var catalogue = []Product{
	{"tea", "Fog Harbour tea", "Black and a little smoky, for mornings without a view. 100 g.", 890},
	{"mug", "Two-hand mug", "Stoneware, wide enough to hold on to with both hands.", 1650},
	{"lamp", "Reading lamp", "Warm light for one page at a time. Dims itself at midnight.", 5900},
	{"notebook", "Left-handed notebook", "Bound on the right, so that nothing smudges. 192 pages.", 1290},
	{"candle", "Rain on Pine", "A candle that smells of a forest just after the shower.", 1450},
	{"honey", "Rooftop honey", "From eleven hives above the fish market. 250 g.", 740},
	{"plant", "Patient fern", "Forgives a fortnight without water, and never mentions it.", 2200},
	{"clock", "Slow clock", "One hand, twenty-four hours. Late for nothing that matters.", 7400},
}

// product returns the product with this SKU, and whether there is one.
func product(sku string) (Product, bool) {
	for _, p := range catalogue {
		if p.SKU == sku {
			return p, true
		}
	}
	return Product{}, false
}
