// Package redisserver starts real Redis servers for tests.
//
//	server := redisserver.Start(t)
//	client := server.Client(t)
//
// Each server is a process of its own on a free port of the loopback interface.
// It keeps nothing on disk and ends with the test. Arguments are those of
// redis-server:
//
//	redisserver.Start(t, "--maxmemory", "8mb", "--maxmemory-policy", "noeviction")
//
// [StartReplicated] starts a primary with a replica and Sentinels, and
// [StartCluster] a cluster.
//
// A test can see what happens when a server does not answer ([Server.Pause]) or
// is gone ([Server.Stop], [Server.Kill]). A [Proxy] between client and server
// can be slow, silent or rude, and lose the reply to a command that was carried
// out.
//
// Clients of this package and of its URLs wait for a minute, so that a test which
// expects success has it on a busy machine too. A test which expects a time-out
// gives its context a short one, or has a client of its own:
//
//	redisstore.NewClient("redis://" + server.Addr() + "?read_timeout=100ms")
//
// Where there is no program redis-server, tests that need it are skipped, unless
// SESSIONS_REQUIRE_REDIS=1 says that they must run: then they fail. Tests with
// replicas, Sentinels or a cluster run only if SESSIONS_LONG=1.
package redisserver
