package deep

import (
	"reflect"
	"sync"

	"github.com/seed48429006/sessions/internal/typeinfo"
)

// A view says by which codecs values are compared and verified.
type view int

// both is the view of sessions, which do not know the codec of their store.
const both view = -1

func (v view) codecs() []typeinfo.Codec {
	if v == both {
		return typeinfo.Codecs[:]
	}
	return typeinfo.Codecs[v : v+1]
}

// A place is a type in a view.
type place struct {
	reflect.Type
	view view
}

var (
	nodes    sync.Map // of place to node; complete ones only
	compiles sync.Mutex
)

// nodeOf returns the node of t. Nodes are made once and kept.
func nodeOf(t reflect.Type, v view) node {
	if n, ok := nodes.Load(place{t, v}); ok {
		return n.(node)
	}
	compiles.Lock()
	defer compiles.Unlock()
	c := compiler{made: map[reflect.Type]node{}, view: v}
	n := c.node(t)
	for t, n := range c.made {
		nodes.LoadOrStore(place{t, v}, n)
	}
	return n
}

// A compiler makes the nodes of a type and of all types in it.
type compiler struct {
	made map[reflect.Type]node
	view view
}

func (c *compiler) node(t reflect.Type) node {
	if n, ok := c.made[t]; ok {
		return n
	}
	if n, ok := nodes.Load(place{t, c.view}); ok {
		return n.(node)
	}
	// Until t's parts are known, everything is possible.
	back := &recursion{facts: facts{typ: t, normalizes: true, verifies: true}}
	c.made[t] = back
	n := c.compile(t)
	back.node, c.made[t] = n, n
	return n
}

func (c *compiler) compile(t reflect.Type) node {
	if n := exception(t, c.view); n != nil {
		return n
	}
	n, info := c.byKind(t), typeinfo.Of(t)
	if info.EncodesItself() || info.Hidden() {
		return newOwn(info, c.view, n)
	}
	return n
}

func (c *compiler) byKind(t reflect.Type) node {
	switch t.Kind() {
	case reflect.Struct:
		return c.structure(typeinfo.Of(t))
	case reflect.Slice:
		return newSlice(t, c.node(t.Elem()))
	case reflect.Array:
		return newArray(t, c.node(t.Elem()))
	case reflect.Map:
		return newMapping(t, c.node(t.Key()), c.node(t.Elem()))
	case reflect.Pointer:
		return newPointer(t, c.node(t.Elem()))
	case reflect.Interface:
		return newInterfaced(t, c.view)
	}
	return newBasic(t)
}

// A recursion is the node of a type that occurs within itself.
type recursion struct {
	node  // nil until the type's node is complete
	facts facts
}

func (n *recursion) about() *facts {
	if n.node == nil {
		return &n.facts
	}
	return n.node.about()
}
