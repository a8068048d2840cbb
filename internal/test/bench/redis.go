package bench

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis is redis-server, on a port of the loopback interface and without files.
var Redis = &Service{"Redis", startRedis, splitRedis}

type redisServer struct {
	addr   string
	cmd    *exec.Cmd
	client *redis.Client
}

func startRedis() (Server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	s := &redisServer{addr: addr, cmd: exec.Command("redis-server",
		"--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning")}
	s.cmd.Dir = os.TempDir()
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("bench: redis-server: %w", err)
	}
	s.client = redis.NewClient(&redis.Options{Addr: addr})
	if err := await(addr); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (s *redisServer) Addr() string { return s.addr }

func (s *redisServer) Version() string {
	info, _ := s.info("server")
	return "redis-server " + info["redis_version"]
}

func (s *redisServer) Clear() error { return s.client.FlushAll(context.Background()).Err() }

func (s *redisServer) CPU() (time.Duration, error) {
	info, err := s.info("cpu")
	if err != nil {
		return 0, err
	}
	user, err := strconv.ParseFloat(info["used_cpu_user"], 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseFloat(info["used_cpu_sys"], 64)
	return time.Duration((user + system) * float64(time.Second)), err
}

// Bytes does not count what clients' connections take.
func (s *redisServer) Bytes() (int64, error) {
	info, err := s.info("memory")
	if err != nil {
		return 0, err
	}
	used, err := strconv.ParseInt(info["used_memory"], 10, 64)
	if err != nil {
		return 0, err
	}
	clients, err := strconv.ParseInt(info["mem_clients_normal"], 10, 64)
	return used - clients, err
}

func (s *redisServer) Stop() error {
	s.client.Close()
	return end(s.cmd, os.Interrupt)
}

// info returns the lines of a section of INFO.
func (s *redisServer) info(section string) (map[string]string, error) {
	text, err := s.client.Info(context.Background(), section).Result()
	lines := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		lines[name] = value
	}
	return lines, err
}
