package stores

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/middleware"
)

// FromEnv opens the store that the environment names and makes a manager for it: all
// that a program needs to begin.
//
//	carts, store, err := stores.FromEnv(ctx, os.Environ(), "shop", codec.MessagePack[Cart](), nil)
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer store.Close()
//
// The environment has the form of [os.Environ]; [middleware.Config] lists its variables.
// The namespace and the options are the program's own. The environment's settings take
// their place. Nil options are the zero [middleware.Options].
//
// The error names all mistakes in the environment at once, by the names of the variables.
// Other errors come from [Open] and [middleware.New]. With an error, nothing stays open.
func FromEnv[T any](ctx context.Context, environ []string, namespace string, c codec.Codec[T], o *middleware.Options) (*middleware.Manager[T], Store[T], error) {
	config, err := middleware.ConfigFromEnv(environ)
	if err != nil {
		return nil, nil, err
	}
	return start(ctx, config, "SESSIONS_STORE", namespace, c, o)
}

// FromConfig is [FromEnv] for a configuration from elsewhere, such as
// [middleware.ParseConfig] or a YAML file.
func FromConfig[T any](ctx context.Context, config middleware.Config, namespace string, c codec.Codec[T], o *middleware.Options) (*middleware.Manager[T], Store[T], error) {
	return start(ctx, config, "store", namespace, c, o)
}

// start opens the store, which operators call by this name.
func start[T any](ctx context.Context, config middleware.Config, name, namespace string, c codec.Codec[T], o *middleware.Options) (*middleware.Manager[T], Store[T], error) {
	var own middleware.Options
	if o != nil {
		own = *o
	}
	url, err := config.Apply(&own)
	if err != nil {
		return nil, nil, err
	}
	if err := checkCodec(c); err != nil { // it is not a mistake of the URL
		return nil, nil, err
	}
	store, err := Open(ctx, url, cmp.Or(config.Namespace, namespace), c)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	m, err := middleware.New(store, &own)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return m, store, nil
}
