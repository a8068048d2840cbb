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
	@grep -rlE '^func Fuzz' --include='*_test.go' . | while read -r file; do \
		for target in $$(grep -oE '^func Fuzz[A-Za-z0-9_]*' "$$file" | cut -c6-); do \
			(cd "$$(dirname "$$file")" && go test -run '^$$' -fuzz "^$$target\$$" -fuzztime 10s .) || exit 1; \
		done; done

ci:
	bash .ci/run

mysql:
	bash .ci/mysql
