package redisstore

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/redis/go-redis/v9"
)

// LogTo sends the lines that go-redis logs by itself to the logger, at level Warn, with
// the attribute source=go-redis. Otherwise they go to the standard error output, in a
// form of their own. Nil means the [slog.Default] at the time of each line.
//
// It applies to all clients of go-redis in the process. Call it before the first client
// is made.
func LogTo(logger *slog.Logger) { redis.SetLogger(lines{logger}) }

// lines takes what go-redis logs.
type lines struct{ logger *slog.Logger }

func (l lines) Printf(ctx context.Context, format string, args ...any) {
	logger := l.logger
	if logger == nil {
		logger = slog.Default()
	}
	logger.WarnContext(ctx, fmt.Sprintf(format, args...), "source", "go-redis")
}
