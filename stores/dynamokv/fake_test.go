package dynamokv_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"hash/maphash"
	"io"
	"iter"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A fake imitates DynamoDB's HTTP interface as the service's documentation describes it,
// as far as the backend uses it. It deletes no item whose time to live is over, as the
// service need not for days, and its pages are short.
type fake struct {
	tb  testing.TB
	url string

	mu     sync.Mutex
	keys   string // of the table; empty if there is none
	ttl    string // the attribute of the time to live
	items  map[[2]string]attributes
	served map[string]int // requests by operation
	faults []func(w http.ResponseWriter, serve func()) bool
}

// attributes are an item: by name, a type and a value.
type attributes map[string]map[string]string

const pageLen = 100

func newFake(tb testing.TB, keys string) *fake {
	tb.Helper()
	f := &fake{tb: tb, keys: keys, items: make(map[[2]string]attributes), served: make(map[string]int)}
	server := httptest.NewServer(f)
	tb.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// fail lets a function answer the next request in place of the fake, or after it.
func (f *fake) fail(fault func(w http.ResponseWriter, serve func()) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, fault)
}

func (f *fake) requests(operation string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.served[operation]
}

// A request has the parameters of all operations.
type request struct {
	TableName                                                     string
	Key, Item, ExpressionAttributeValues, ExclusiveStartKey       attributes
	ExpressionAttributeNames                                      map[string]string
	ConditionExpression, KeyConditionExpression, FilterExpression string
	ProjectionExpression                                          string
	ConsistentRead                                                bool
	KeySchema                                                     []keySchema
	TimeToLiveSpecification                                       struct{ AttributeName string }
}

type keySchema struct{ AttributeName, KeyType string }

// refusal is an error of the service, by its name.
type refusal struct{ name, message string }

func invalid(format string, args ...any) refusal {
	return refusal{"ValidationException", fmt.Sprintf(format, args...)}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	version, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(r.Body)
	var in request
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil || version != "DynamoDB_20120810" || r.Method != "POST" || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		f.tb.Errorf("%s %s: %v, not a request to DynamoDB", r.Method, r.Header.Get("X-Amz-Target"), err)
	}
	f.mu.Lock()
	f.served[operation]++
	var fault func(http.ResponseWriter, func()) bool
	if len(f.faults) > 0 {
		fault, f.faults = f.faults[0], f.faults[1:]
	}
	f.mu.Unlock()
	if fault != nil && fault(w, func() { f.answer(operation, &in) }) {
		return
	}
	status, out := f.answer(operation, &in)
	reply(w, status, out)
}

func reply(w http.ResponseWriter, status int, out any) {
	body, _ := json.Marshal(out)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10))
	w.WriteHeader(status)
	w.Write(body)
}

func (f *fake) answer(operation string, in *request) (status int, out any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer func() {
		if r, refused := recover().(refusal); refused {
			status, out = http.StatusBadRequest, map[string]string{"__type": "com.amazonaws.dynamodb.v20120810#" + r.name, "message": r.message}
		}
	}()
	if in.TableName != "sessions" || f.keys == "" && operation != "CreateTable" {
		panic(refusal{"ResourceNotFoundException", "Requested resource not found"})
	}
	serve, ok := map[string]func(*request) any{
		"GetItem": f.getItem, "PutItem": f.putItem, "DeleteItem": f.deleteItem, "Query": f.query, "Scan": f.query,
		"DescribeTable": f.describeTable, "CreateTable": f.createTable, "UpdateTimeToLive": f.updateTimeToLive,
	}[operation]
	if !ok {
		panic(refusal{"UnknownOperationException", operation})
	}
	return http.StatusOK, serve(in)
}

func (f *fake) describeTable(*request) any {
	var schema []keySchema
	for i, name := range strings.Fields(f.keys) {
		schema = append(schema, keySchema{name, []string{"HASH", "RANGE"}[i]})
	}
	return map[string]any{"Table": map[string]any{"TableName": "sessions", "TableStatus": "ACTIVE", "KeySchema": schema}}
}

func (f *fake) createTable(in *request) any {
	if f.keys != "" {
		panic(refusal{"ResourceInUseException", "Table already exists: sessions"})
	}
	for _, key := range in.KeySchema {
		f.keys += key.AttributeName + " "
	}
	return map[string]any{}
}

func (f *fake) updateTimeToLive(in *request) any {
	f.ttl = in.TimeToLiveSpecification.AttributeName
	return map[string]any{}
}

// key returns an item's key attributes.
func key(of attributes) [2]string {
	pk, sk := of["pk"]["S"], of["sk"]["S"]
	if pk == "" || sk == "" {
		panic(invalid("a key attribute is absent, empty or no string"))
	}
	if len(pk) > 2048 || len(sk) > 1024 {
		panic(invalid("a key attribute is too long"))
	}
	return [2]string{pk, sk}
}

func (f *fake) consistent(in *request) {
	if !in.ConsistentRead {
		f.tb.Error("a read that may be of a session that was ended")
	}
}

func (f *fake) getItem(in *request) any {
	f.consistent(in)
	if i, ok := f.items[key(in.Key)]; ok {
		return map[string]any{"Item": i}
	}
	return map[string]any{}
}

// condition checks a write's condition.
func (f *fake) condition(in *request, present attributes) {
	if !evaluate(in, in.ConditionExpression, present) {
		panic(refusal{"ConditionalCheckFailedException", "The conditional request failed"})
	}
}

func (f *fake) putItem(in *request) any {
	k, size := key(in.Item), 0
	for name, value := range in.Item {
		size += len(name)
		for kind, v := range value {
			if kind == "B" {
				data, err := base64.StdEncoding.DecodeString(v)
				if err != nil {
					panic(invalid("not base64"))
				}
				v = string(data)
			}
			size += len(v)
		}
	}
	if size > 400<<10 {
		panic(invalid("Item size has exceeded the maximum allowed size"))
	}
	f.condition(in, f.items[k])
	f.items[k] = in.Item
	return map[string]any{}
}

func (f *fake) deleteItem(in *request) any {
	k := key(in.Key)
	f.condition(in, f.items[k])
	delete(f.items, k)
	return map[string]any{}
}

// place returns where an item's partition is in the order of a scan.
func place(key [2]string) uint64 { return maphash.String(seed, key[0]) }

var seed = maphash.MakeSeed()

// partition returns the keys that a query is about, or all for a scan: to evaluate the
// query's condition for all would take most of the tests' time.
func (f *fake) partition(in *request) iter.Seq[[2]string] {
	pk, one := in.ExpressionAttributeValues[":pk"]["S"]
	return func(yield func([2]string) bool) {
		for k := range f.items {
			if (in.KeyConditionExpression == "" || one && k[0] == pk) && !yield(k) {
				return
			}
		}
	}
}

// query is Scan, too.
func (f *fake) query(in *request) any {
	f.consistent(in)
	order := func(a, b [2]string) int { return cmp.Or(cmp.Compare(place(a), place(b)), strings.Compare(a[1], b[1])) }
	var page []attributes
	var last attributes
	seen := 0
	for _, k := range slices.SortedFunc(f.partition(in), order) {
		if in.ExclusiveStartKey != nil && order(k, key(in.ExclusiveStartKey)) <= 0 || in.KeyConditionExpression != "" && !evaluate(in, in.KeyConditionExpression, f.items[k]) {
			continue
		}
		if seen++; seen > pageLen {
			return map[string]any{"Items": page, "LastEvaluatedKey": last}
		}
		i := f.items[k]
		last = attributes{"pk": i["pk"], "sk": i["sk"]}
		if in.FilterExpression != "" && !evaluate(in, in.FilterExpression, i) {
			continue
		}
		projected := attributes{}
		for name := range strings.SplitSeq(in.ProjectionExpression, ",") {
			if name = strings.TrimSpace(name); i[name] != nil {
				projected[name] = i[name]
			}
		}
		page = append(page, projected)
	}
	return map[string]any{"Items": page}
}

// compareValues compares two values of one type, and reports false for others.
func compareValues(a, b map[string]string) (int, bool) {
	for kind, v := range a {
		other, ok := b[kind]
		if !ok {
			return 0, false
		}
		if kind != "N" {
			return strings.Compare(v, other), true
		}
		x, okX := new(big.Rat).SetString(v)
		y, okY := new(big.Rat).SetString(other)
		if !okX || !okY {
			panic(invalid("not a number"))
		}
		return x.Cmp(y), true
	}
	return 0, false
}
