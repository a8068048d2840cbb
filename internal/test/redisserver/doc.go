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
// Where there is no program redis-server, tests that need it are skipped, unless
// SESSIONS_REQUIRE_REDIS=1 says that they must run: then they fail. Tests with
// replicas, Sentinels or a cluster run only if SESSIONS_LONG=1.
package redisserver
