// Package chtest starts ClickHouse for tests, privately, and ends it with them.
//
//	Engine   the engine of ClickHouse 26 as a library, behind a test-only HTTP
//	         front (package front) in a process of its own: one server, no network
//	Cluster  Debian's clickhouse-server 18.16, any number of them, with zookeeper:
//	         replicas and shards
//
// What is not installed is not fetched: the test is skipped, and says what to do.
package chtest
