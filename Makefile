.PHONY: test check race long fuzz ci mysql

test:
	go test ./...
	@bash .ci/skipped

check:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	go tool -modfile=.ci/tools/go.mod staticcheck ./...
	go test ./...

race:
	go test -race -shuffle=on -p 1 ./...

long:
	SESSIONS_LONG=1 go test -p 1 ./...

fuzz:
	bash .ci/fuzz 10s

ci:
	bash .ci/run

mysql:
	bash .ci/mysql
