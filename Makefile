# make run builds and starts homing; make test runs every check.

SHELL    = /bin/bash
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  = -X homing/internal/app.Version=$(VERSION)
FUZZTIME ?= 60s

.PHONY: run build web test check unit fuzz torture torture-mistakes torture-cluster clickhouse-engine cluster bench bench-history bench-reports bench-panel pictures clean

run: build
	bin/homing serve

build: web
	$(GO) build -buildvcs=auto -ldflags '$(LDFLAGS)' -o bin/homing ./cmd/homing

# The scripts of the panel that are made elsewhere: npm's packages, bundled into
# web/dist, which the program embeds. `go build` works without them, and pages do.
web: web/dist/LICENSES.txt

NPM = npm --prefix web --loglevel error

web/node_modules/.package-lock.json: web/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: it bundles the panel's scripts (Debian: apt-get install nodejs npm)"; exit 1; }
	$(NPM) ci --ignore-scripts --no-audit --no-fund
	@touch $@

web/dist/LICENSES.txt: web/node_modules/.package-lock.json web/build.js $(wildcard web/src/*)
	$(NPM) run build

# test = format, vet, staticcheck, the same for macOS, the import arrows, and every test with -race:
# unit, property, conformance and end to end against the built program, browser.
test: check unit

check:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not gofmt'd: $$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	GOOS=darwin GOARCH=arm64 $(GO) vet ./...

# What passes is told in a line a package, what was skipped with its reason, and
# what the packages that failed have said, in full, at the end.
unit: build
	@mkdir -p .scratch && : > .scratch/failed.log
	@$(GO) test -race -timeout 20m -v ./... 2>&1 | tee .scratch/test.log | awk '\
	  /^ *--- SKIP/ { print last } \
	  /^(ok|FAIL|panic|conformance:|torture:)|^ *--- (FAIL|SKIP)/ { print; fflush() } \
	  !/^(=== |\? | *--- PASS)/ { said = said $$0 "\n" } \
	  /^FAIL\t/ { printf "%s", said >> ".scratch/failed.log" } \
	  /^(ok  |FAIL)\t/ { said = "" } \
	  { last = $$0 }'; \
	status=$${PIPESTATUS[0]}; \
	if [ $$status -ne 0 ]; then cat .scratch/failed.log; fi; \
	exit $$status
	@# The race detector allocates, so what must not allocate is looked at without.
	$(GO) test -run Alloc . ./internal/edge ./internal/rule/... ./internal/engine/spool/segment ./internal/engine/ledger/sqlite ./bench/history

# Each fuzz target for FUZZTIME.
fuzz:
	@set -e; for pkg in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; \
	done

# The proofs of internal/torture at their full length, some hours: SIGKILL, power
# cuts, failing and full disks and so on, as root for those that mount file systems.
# What is done is kept in .scratch/torture, so that the next run goes on; the table
# goes into docs/reliability.md. ROWS="SIGKILL,SIGTERM" runs some, AGAIN="SIGKILL" (or
# all) runs what is done once more, SEED repeats one.
torture:
	$(GO) run ./internal/torture/long --rows "$(ROWS)" --again "$(AGAIN)" $(if $(SEED),--seed $(SEED))

# Builds the program with each deliberate mistake and wants the proofs to fail.
torture-mistakes:
	HOMING_MISTAKES=1 $(GO) test -count 1 -timeout 4h -v -run '^TestTheMistakesAreCaught$$' ./internal/torture

# The proof of internal/torture/clusters: 200 random faults of a cluster of real
# processes, from Debian's packages, as root for the network cuts; an hour or two. What is done is
# kept in .scratch/torture-cluster, so that the next run goes on; the table goes into
# docs/reliability.md. AGAIN=1 begins again, SEED repeats one, ROUNDS says how many;
# MISTAKES=1 builds the program with each deliberate mistake and wants the proof to fail.
torture-cluster:
	$(GO) run ./internal/torture/clusters/long $(if $(AGAIN),--again) $(if $(SEED),--seed $(SEED)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(MISTAKES),--mistakes)

# The engine of a modern ClickHouse (566 MB), for tests of the warehouse on it; they are
# skipped without.
clickhouse-engine:
	npm --prefix internal/engine/warehouse/clickhouse/chtest/engine ci --ignore-scripts --no-audit

# A whole cluster on this machine, from Debian's packages: PostgreSQL with a standby,
# ClickHouse with a replica, three edges and a desk. Prints the panel's address; Ctrl-C
# ends everything. The data stays in .scratch/cluster. SMALL=1 needs PostgreSQL only.
cluster: build
	$(GO) run ./internal/cluster/run $(if $(SMALL),--small)

# Clicks and postbacks beside nginx and nginx + Lua + Redis, what a hundred million
# stored clicks cost, and where each microsecond goes: installs the rivals (Debian,
# as root), and writes tables and plots into docs/. Takes less than half an hour and
# 12 GB of disk, of a machine that does nothing else.
# BENCH="--rounds 1 --shot 1s --glance 1s --clicks 6400 --stored 1000000 --loaded 250000"
# makes it a trial of four minutes.
bench: BEGAN := $(shell date +%s)
bench: build
	$(GO) run ./bench/doors --since $(BEGAN) $(BENCH)

# The Go benchmarks of the two hot paths, room by room and from end to end; kept for
# this version, and compared with the one before.
HOT       = ^Benchmark(Seal|Open|ParseClickID|AppendClick|Mint|ClickParams|PostbackTarget|Class|Judge|Append|Decide|Handler|Server|Doors)$$
HOTPLACES = . ./internal/flow/mint ./internal/rule/... ./internal/engine/spool/segment ./internal/engine/ledger/sqlite ./internal/edge ./bench/history
BENCHSTAT = golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
COUNT    ?= 6
bench-history:
	@mkdir -p .scratch
	$(GO) test -p 1 -run '^$$' -bench '$(HOT)' -benchmem -count $(COUNT) $(HOTPLACES) | tee .scratch/history.txt
	@if grep -q '^FAIL' .scratch/history.txt; then exit 1; fi
	@grep -vE '^(ok|PASS|\?)' .scratch/history.txt > bench/history/$(VERSION).txt
	@before=$$(ls bench/history/*.txt | sort -V | grep -vF '/$(VERSION).txt' | tail -n 1); \
	if [ -n "$$before" ]; then $(GO) run $(BENCHSTAT) "$$before" bench/history/$(VERSION).txt; fi

# Reports on a hundred million clicks, beside SQLite on the same data; writes its
# tables into docs/benchmarks.md. Takes about half an hour and 30 GB of disk.
# CLICKS=2000000 makes it a trial.
CLICKS ?= 100000000
bench-reports:
	$(GO) run ./bench/reports --clicks $(CLICKS) --dir .scratch/bench-reports

# Every page of the panel on ten million clicks: time and size, into
# docs/benchmarks.md. Takes about ten minutes and 3 GB of disk; the data is kept for
# the next run. CLICKS=300000 makes it a trial.
bench-panel:
	$(GO) run ./bench/panel --clicks $(if $(filter file,$(origin CLICKS)),10000000,$(CLICKS)) --dir .scratch/bench-panel

# The pictures of docs/, from the panel's tests. Look at them before you commit them.
pictures: web
	HOMING_TEST_PICTURES=$(CURDIR)/docs/pictures $(GO) test -count 1 -run '^TestPictures$$' ./internal/desk/panel

clean:
	rm -rf bin screenshots web/node_modules
	find web/dist -type f ! -name .keep -delete
