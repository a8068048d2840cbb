package dynamokv

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Options change how the client is made. The zero Options is the default.
type Options struct {
	// Config has options for the SDK's configuration, such as config.WithCredentialsProvider.
	Config []func(*config.LoadOptions) error

	// CreateTimeout is how long Open waits for a table that it creates. Zero means two
	// minutes.
	CreateTimeout time.Duration
}

// Open opens the table that the URL names, and creates it if there is none. If DynamoDB
// does not answer or refuses the program, the error is a [session.ErrUnavailable]. It is
// a plain error if the table is another program's.
//
// [session.ErrUnavailable]: https://pkg.go.dev/github.com/seed48429006/sessions/session#ErrUnavailable
func Open(ctx context.Context, address string, o *Options) (*Backend, error) {
	if o == nil {
		o = new(Options)
	}
	t, err := parse(address)
	if err != nil {
		return nil, err
	}
	options := o.Config
	if t.region != "" {
		options = append(options[:len(options):len(options)], config.WithRegion(t.region))
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, unavailable(err)
	}
	client := dynamodb.NewFromConfig(c, func(o *dynamodb.Options) {
		if t.endpoint != "" {
			o.BaseEndpoint = &t.endpoint
		}
	})
	b := New(client, t.table)
	err = b.check(ctx)
	if _, absent := errors.AsType[*types.ResourceNotFoundException](err); absent {
		err = b.create(ctx, o.CreateTimeout)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// check looks whether the table is there, with the right keys.
func (b *Backend) check(ctx context.Context) error {
	reply, err := b.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: b.table})
	if err != nil {
		return unavailable(err)
	}
	var keys strings.Builder
	for _, key := range reply.Table.KeySchema {
		fmt.Fprintf(&keys, "%s %s ", *key.AttributeName, key.KeyType)
	}
	if keys.String() != "pk HASH sk RANGE " {
		return fmt.Errorf("dynamokv: the keys of table %s are %q and not pk and sk; is it another program's?", *b.table, keys.String())
	}
	return nil
}

// create creates the table. If another program does so at the same time, it waits for
// that.
func (b *Backend) create(ctx context.Context, timeout time.Duration) error {
	if timeout == 0 {
		timeout = 2 * time.Minute
	}
	_, err := b.client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:   b.table,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS},
			{AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange},
		},
	})
	if _, others := errors.AsType[*types.ResourceInUseException](err); err != nil && !others {
		return unavailable(err)
	}
	created := err == nil
	waiter := dynamodb.NewTableExistsWaiter(b.client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = time.Second })
	if err := waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: b.table}, timeout); err != nil {
		return unavailable(err)
	}
	if !created {
		return b.check(ctx)
	}
	_, err = b.client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               b.table,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String("ends"), Enabled: aws.Bool(true)},
	})
	if err != nil {
		return unavailable(err)
	}
	return nil
}
