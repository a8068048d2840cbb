package dynamokv_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// An expression is a condition being read: comparisons, attribute_exists,
// attribute_not_exists, begins_with, AND, OR, NOT and parentheses.
type expression struct {
	in     *request
	item   attributes
	tokens []string
	used   map[string]bool // values
}

var token = regexp.MustCompile(`[A-Za-z_]\w*|[:#]\w+|<=|>=|<>|[=<>(),]`)

// reserved are some of the words that cannot be the names of attributes.
var reserved = strings.Fields("BEGIN COUNT DATA DATE END EXISTS HASH ITEMS KEY KEYS NAME OWNER RANGE SIZE TIME TIMESTAMP TTL VALUE VALUES")

// evaluate reports whether an expression holds for an item.
func evaluate(in *request, text string, item attributes) bool {
	if strings.Join(token.FindAllString(text, -1), "") != strings.ReplaceAll(text, " ", "") || text == "" {
		panic(invalid("Invalid expression: %s", text))
	}
	e := &expression{in: in, item: item, tokens: token.FindAllString(text, -1), used: make(map[string]bool)}
	holds := e.or()
	if len(e.tokens) > 0 {
		panic(invalid("Invalid expression: %s; near %s", text, e.tokens[0]))
	}
	if all := slices.Collect(maps.Keys(in.ExpressionAttributeValues)); len(all) != len(e.used) {
		panic(invalid("Value provided in ExpressionAttributeValues unused in expressions: %v", all))
	}
	return holds
}

func (e *expression) next() string {
	if len(e.tokens) == 0 {
		panic(invalid("Invalid expression: it ends early"))
	}
	first := e.tokens[0]
	e.tokens = e.tokens[1:]
	return first
}

func (e *expression) take(what string) bool {
	if len(e.tokens) == 0 || !strings.EqualFold(e.tokens[0], what) {
		return false
	}
	e.next()
	return true
}

func (e *expression) expect(what string) {
	if !e.take(what) {
		panic(invalid("Invalid expression: no %s", what))
	}
}

func (e *expression) or() bool {
	holds := e.and()
	for e.take("OR") {
		other := e.and()
		holds = holds || other
	}
	return holds
}

func (e *expression) and() bool {
	holds := e.condition()
	for e.take("AND") {
		other := e.condition()
		holds = holds && other
	}
	return holds
}

func (e *expression) condition() bool {
	switch {
	case e.take("NOT"):
		return !e.condition()
	case e.take("("):
		defer e.expect(")")
		return e.or()
	case len(e.tokens) > 1 && e.tokens[1] == "(":
		return e.function()
	}
	left, operator, right := e.operand(), e.next(), e.operand()
	order, comparable := compareValues(left, right)
	switch operator {
	case "=":
		return comparable && order == 0
	case "<>":
		return !comparable || order != 0
	case "<":
		return comparable && order < 0
	case "<=":
		return comparable && order <= 0
	case ">":
		return comparable && order > 0
	case ">=":
		return comparable && order >= 0
	}
	panic(invalid("Invalid expression: operator %s", operator))
}

func (e *expression) function() bool {
	name := e.next()
	e.expect("(")
	defer e.expect(")")
	value := e.operand()
	switch name {
	case "attribute_exists":
		return value != nil
	case "attribute_not_exists":
		return value == nil
	case "begins_with":
		e.expect(",")
		prefix := e.operand()
		return value != nil && strings.HasPrefix(value["S"], prefix["S"])
	}
	panic(invalid("Invalid function name; function: %s", name))
}

// operand returns a value, nil for an attribute that is absent.
func (e *expression) operand() map[string]string {
	name := e.next()
	switch {
	case name[0] == ':':
		value, ok := e.in.ExpressionAttributeValues[name]
		if !ok {
			panic(invalid("An expression attribute value used in expression is not defined: %s", name))
		}
		e.used[name] = true
		return value
	case name[0] == '#':
		full, ok := e.in.ExpressionAttributeNames[name]
		if !ok {
			panic(invalid("An expression attribute name used in the document path is not defined: %s", name))
		}
		return e.item[full]
	case slices.Contains(reserved, strings.ToUpper(name)):
		panic(invalid("Attribute name is a reserved keyword; reserved keyword: %s", name))
	}
	return e.item[name]
}
