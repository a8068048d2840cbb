// Package dynamokv keeps sessions in a table of Amazon DynamoDB.
//
//	backend, err := dynamokv.Open(ctx, "dynamodb:sessions?region=eu-central-1", nil)
//	...
//	store, err := kvstore.New(backend, "carts", codec.MessagePack[Cart](), nil)
//
// A program that imports this package can also call stores.Open with such a URL. The
// credentials, and the region if the URL has none, come from where AWS's SDK finds them:
// the environment, its files, or the machine's role.
//
// Writes are conditional, and reads are consistent. A record has at most 399 KiB. The
// sessions of an owner are one query. Listing all sessions scans the whole table.
// DynamoDB's time to live deletes ended sessions within days; until then they are absent
// by the program's clock.
//
// # Table
//
//	pk    string, partition key   a session's key, or its owner's
//	sk    string, sort key        the session's ID in its owner's partition
//	rev   number                  names the last write
//	val   binary                  the record
//	ends  number                  time to live, in Unix seconds; absent if there is none
//
// [Open] creates the table if it is absent, with on-demand capacity. [New] expects it to
// be there. The program needs the permissions GetItem, PutItem, DeleteItem, Query, Scan
// and DescribeTable, and to create the table CreateTable and UpdateTimeToLive.
//
// # Tests
//
// The package's tests run against an imitation of DynamoDB's HTTP interface that was
// written from its documentation: conditions, queries, pages, limits, lost replies and
// throttling as far as this package uses them. They have not been run on DynamoDB itself.
package dynamokv

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/kvstore"
)

// A Backend is a [kvstore.Lister] in a table. Its methods are safe for concurrent use.
type Backend struct {
	client *dynamodb.Client
	table  *string
}

func init() {
	kvstore.Register("dynamodb", func(ctx context.Context, url string) (kvstore.Backend, error) {
		b, err := Open(ctx, url, nil)
		if err != nil { // not a nil *Backend in the interface
			return nil, err
		}
		return b, nil
	})
}

// New returns a backend in a table that is there, as the package's documentation
// describes it.
func New(client *dynamodb.Client, table string) *Backend { return &Backend{client, &table} }

// MaxValueBytes returns how large a value may be: an item has at most 400 KiB, with its
// key and the names of its attributes.
func (b *Backend) MaxValueBytes() int { return 399 << 10 }

type item = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number[N int64 | uint64](n N) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: fmt.Sprint(n)}
}

// split returns the key attributes of a key. Its first three parts are the partition, so
// that the notes of an owner are in one. Few keys have more parts.
func split(key string) (partition, rest string) {
	at := 0
	for range partitionDots {
		i := strings.IndexByte(key[at:], '.')
		if i < 0 {
			return key, restMark
		}
		at += i + 1
	}
	return key[:at], restMark + key[at:]
}

const (
	partitionDots = 3
	restMark      = ":" // begins each sort key, since none may be empty
)

func keyOf(key string) item {
	partition, rest := split(key)
	return item{"pk": text(partition), "sk": text(rest)}
}

// joined returns the key of an item.
func joined(i item) string {
	pk, _ := i["pk"].(*types.AttributeValueMemberS)
	sk, _ := i["sk"].(*types.AttributeValueMemberS)
	if pk == nil || sk == nil {
		return ""
	}
	return pk.Value + strings.TrimPrefix(sk.Value, restMark)
}

// ended reports whether an item has ended, though DynamoDB still has it.
func ended(i item) bool {
	ends, ok := i["ends"].(*types.AttributeValueMemberN)
	if !ok {
		return false
	}
	at, err := strconv.ParseInt(ends.Value, 10, 64)
	return err == nil && at <= time.Now().Unix()
}

// Get implements [kvstore.Backend].
func (b *Backend) Get(ctx context.Context, key string) ([]byte, kvstore.Version, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	reply, err := b.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: b.table, Key: keyOf(key), ConsistentRead: aws.Bool(true)})
	if err != nil || len(reply.Item) == 0 || ended(reply.Item) {
		return nil, 0, err
	}
	value, ok := reply.Item["val"].(*types.AttributeValueMemberB)
	version := versionOf(reply.Item)
	if !ok || version == 0 {
		return nil, 0, errors.New("dynamokv: the item is another program's")
	}
	return value.Value, version, nil
}

func versionOf(i item) kvstore.Version {
	rev, _ := i["rev"].(*types.AttributeValueMemberN)
	if rev == nil {
		return 0
	}
	n, _ := strconv.ParseUint(rev.Value, 10, 64)
	return kvstore.Version(n)
}

// Swap implements [kvstore.Backend].
func (b *Backend) Swap(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	condition, values := aws.String("attribute_not_exists(pk) OR ends <= :now"), item{":now": number(time.Now().Unix())}
	if old != 0 {
		condition = aws.String("rev = :old AND (attribute_not_exists(ends) OR ends > :now)")
		values[":old"] = number(uint64(old))
	}
	var err error
	switch {
	case len(value) == 0 && old == 0:
		_, version, err := b.Get(ctx, key)
		return version == 0 && err == nil, err
	case len(value) == 0:
		_, err = b.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName: b.table, Key: keyOf(key), ConditionExpression: condition, ExpressionAttributeValues: values,
		}, once)
	default:
		written := keyOf(key)
		written["rev"], written["val"] = number(rand.Uint64N(1<<63)+1), &types.AttributeValueMemberB{Value: value}
		if end.Year() < 9999 && !end.IsZero() {
			written["ends"] = number(max(end.Unix(), 0) + 1) // whole seconds, and not before the end
		}
		_, err = b.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: b.table, Item: written, ConditionExpression: condition, ExpressionAttributeValues: values,
		}, once)
	}
	if _, overtaken := errors.AsType[*types.ConditionalCheckFailedException](err); overtaken {
		return false, nil
	}
	return err == nil, err
}

// once lets the SDK send a write again only if DynamoDB has refused it because of its
// load. Of another failed attempt it is not known whether it was carried out: its own
// effect would then fail the condition of the next.
func once(o *dynamodb.Options) {
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.Retryables = []retry.IsErrorRetryable{retry.RetryableErrorCode{Codes: retry.DefaultThrottleErrorCodes}}
	})
}

// A pager gets pages of items.
type pager[Reply any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*dynamodb.Options)) (*Reply, error)
}

// Keys implements [kvstore.Lister]. It is a query if the prefix has the three parts of
// an owner's, and a scan of the whole table otherwise.
func (b *Backend) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	if strings.Count(prefix, ".") < partitionDots {
		return keys(ctx, prefix, dynamodb.NewScanPaginator(b.client, &dynamodb.ScanInput{
			TableName: b.table, ConsistentRead: aws.Bool(true), ProjectionExpression: aws.String("pk, sk, ends"),
			FilterExpression: aws.String("begins_with(pk, :pk)"), ExpressionAttributeValues: item{":pk": text(prefix)},
		}), func(page *dynamodb.ScanOutput) []item { return page.Items })
	}
	partition, rest := split(prefix)
	return keys(ctx, prefix, dynamodb.NewQueryPaginator(b.client, &dynamodb.QueryInput{
		TableName: b.table, ConsistentRead: aws.Bool(true), ProjectionExpression: aws.String("pk, sk, ends"),
		KeyConditionExpression:    aws.String("pk = :pk AND begins_with(sk, :sk)"),
		ExpressionAttributeValues: item{":pk": text(partition), ":sk": text(rest)},
	}), func(page *dynamodb.QueryOutput) []item { return page.Items })
}

func keys[Reply any](ctx context.Context, prefix string, pages pager[Reply], items func(*Reply) []item) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for pages.HasMorePages() {
			err := ctx.Err()
			var page *Reply
			if err == nil {
				page, err = pages.NextPage(ctx)
			}
			if err != nil {
				yield("", err)
				return
			}
			for _, i := range items(page) {
				if key := joined(i); strings.HasPrefix(key, prefix) && !ended(i) && !yield(key, nil) {
					return
				}
			}
		}
	}
}

// tableURL is a URL, taken apart.
type tableURL struct{ table, region, endpoint string }

func parse(address string) (t tableURL, err error) {
	_, rest, _ := strings.Cut(address, ":")
	name, query, _ := strings.Cut(strings.TrimPrefix(rest, "//"), "?")
	values, err := url.ParseQuery(query)
	t = tableURL{name, values.Get("region"), values.Get("endpoint")}
	values.Del("region")
	values.Del("endpoint")
	if err != nil || len(values) > 0 || strings.ContainsFunc(name, badInTable) || len(name) < 3 || len(name) > 255 {
		return t, errors.New("dynamokv: the URL is not like dynamodb:table?region=eu-central-1&endpoint=http://localhost:8000")
	}
	return t, nil
}

func badInTable(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_.-", r)
}

func unavailable(err error) error {
	return fmt.Errorf("%w: dynamokv: %w", session.ErrUnavailable, err)
}
