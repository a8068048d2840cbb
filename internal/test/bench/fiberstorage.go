package bench

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// A fiberStorage sends the commands of gofiber/storage/redis, whose module needs a
// hundred others.
type fiberStorage struct{ client *redis.Client }

func (s fiberStorage) GetWithContext(ctx context.Context, key string) ([]byte, error) {
	value, err := s.client.Get(ctx, key).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return value, err
}

func (s fiberStorage) SetWithContext(ctx context.Context, key string, value []byte, lives time.Duration) error {
	return s.client.Set(ctx, key, value, lives).Err()
}

func (s fiberStorage) DeleteWithContext(ctx context.Context, key string) error {
	return s.client.Del(ctx, key).Err()
}

func (s fiberStorage) ResetWithContext(ctx context.Context) error {
	return s.client.FlushDB(ctx).Err()
}

func (s fiberStorage) Get(key string) ([]byte, error) {
	return s.GetWithContext(context.Background(), key)
}

func (s fiberStorage) Set(key string, value []byte, lives time.Duration) error {
	return s.SetWithContext(context.Background(), key, value, lives)
}

func (s fiberStorage) Delete(key string) error { return s.DeleteWithContext(context.Background(), key) }

func (s fiberStorage) Reset() error { return s.ResetWithContext(context.Background()) }

func (s fiberStorage) Close() error { return s.client.Close() }
