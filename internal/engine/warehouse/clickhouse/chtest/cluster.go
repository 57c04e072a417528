package chtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"
)

// Cluster is Debian's clickhouse-server, some of them, with zookeeper.
type Cluster struct {
	Servers []*Server
	dir     string
	zoo     *process
	ZooPort int
	Layout  [][]int // the servers of each shard
}

// Server is one of them.
type Server struct {
	Index, Shard                int
	HTTP, TCP, Interserver, Zoo int // ports
	Dir                         string
	process                     *process
}

const (
	serverProgram = "/usr/sbin/clickhouse-server"
	zooClasses    = "/usr/share/java/zookeeper.jar"
)

// StartCluster starts so many replicas of each shard. The test is skipped if the
// servers are not installed.
func StartCluster(t testing.TB, shards ...int) *Cluster {
	t.Helper()
	for _, name := range []string{serverProgram, zooClasses, "/usr/bin/java"} {
		if _, err := os.Stat(name); err != nil {
			t.Skip("no ClickHouse servers here; install Debian's: apt-get install --no-install-recommends clickhouse-server zookeeper")
		}
	}
	c := &Cluster{dir: t.TempDir(), ZooPort: freePort(t)}
	for shard, replicas := range shards {
		var indexes []int
		for range replicas {
			i := len(c.Servers)
			indexes = append(indexes, i)
			s := &Server{Index: i, Shard: shard + 1, HTTP: freePort(t), TCP: freePort(t), Interserver: freePort(t), Zoo: c.ZooPort,
				Dir: filepath.Join(c.dir, fmt.Sprintf("server%d", i))}
			c.Servers = append(c.Servers, s)
		}
		c.Layout = append(c.Layout, indexes)
	}
	c.startZoo(t)
	for _, s := range c.Servers {
		c.configure(t, s)
		s.Start(t)
	}
	if len(c.Servers) > 1 {
		c.settle(t)
	}
	return c
}

// settle waits until all servers carry out what a cluster is told. 18.16 falls over,
// after it has begun to answer, if zookeeper is slow when it looks for its task queue;
// then it is started again.
func (c *Cluster) settle(t testing.TB) {
	t.Helper()
	const sql = "CREATE DATABASE IF NOT EXISTS ready ON CLUSTER homing"
	eventually(t, "the cluster does not do what it is told", func() (err error) {
		for _, s := range c.Servers {
			if s.process.hasEnded() {
				s.Start(t)
			}
			err = errors.Join(err, s.run(sql))
		}
		return err
	})
}

// run has a server carry something out, for some seconds.
func (s *Server) run(sql string) error {
	query := url.Values{"query": {sql}, "user": {"homing"}, "password": {"pass word"}, "distributed_ddl_task_timeout": {"5"}}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d/?%s", s.HTTP, query.Encode()), nil)
	if err != nil {
		return err
	}
	return ask(r)
}

func (c *Cluster) startZoo(t testing.TB) {
	t.Helper()
	dir := filepath.Join(c.dir, "zookeeper")
	must(t, os.MkdirAll(dir, 0o700))
	config := fmt.Sprintf("tickTime=500\ndataDir=%s\nclientPort=%d\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\nforceSync=no\n4lw.commands.whitelist=ruok\n", dir, c.ZooPort)
	must(t, os.WriteFile(filepath.Join(dir, "zoo.cfg"), []byte(config), 0o600))
	jars, err := filepath.Glob("/usr/share/java/*.jar")
	must(t, err)
	c.zoo = start(t, dir, "zookeeper", exec.Command("/usr/bin/java", "-Xmx256m", "-cp", strings.Join(jars, ":"),
		"org.apache.zookeeper.server.quorum.QuorumPeerMain", filepath.Join(dir, "zoo.cfg")))
	eventually(t, "zookeeper does not come up", func() error { return isOK(c.ZooPort) })
}

// isOK asks zookeeper whether it is. A port that is only open is not enough:
// servers that are started then fall over.
func isOK(port int) error {
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "ruok"); err != nil {
		return err
	}
	answer, err := io.ReadAll(conn)
	if err == nil && string(answer) != "imok" {
		err = fmt.Errorf("it says %q", answer)
	}
	return err
}

var configTemplate = template.Must(template.New("config").Parse(`<yandex>
<logger><level>warning</level><log>{{.Server.Dir}}/log</log><errorlog>{{.Server.Dir}}/errors</errorlog><size>50M</size><count>1</count></logger>
<http_port>{{.Server.HTTP}}</http_port><tcp_port>{{.Server.TCP}}</tcp_port>
<interserver_http_port>{{.Server.Interserver}}</interserver_http_port><interserver_http_host>127.0.0.1</interserver_http_host>
<listen_host>127.0.0.1</listen_host><max_concurrent_queries>100</max_concurrent_queries>
<mark_cache_size>134217728</mark_cache_size><max_connections>200</max_connections>
<path>{{.Server.Dir}}/data/</path><tmp_path>{{.Server.Dir}}/tmp/</tmp_path><format_schema_path>{{.Server.Dir}}/schemas/</format_schema_path>
<users_config>users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
<timezone>UTC</timezone>
<zookeeper><node><host>127.0.0.1</host><port>{{.Server.Zoo}}</port></node><session_timeout_ms>4000</session_timeout_ms></zookeeper>
<macros><shard>{{.Server.Shard}}</shard><replica>r{{.Server.Index}}</replica></macros>
<distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
<remote_servers><homing>{{range .Shards}}<shard><internal_replication>true</internal_replication>
{{range .}}<replica><host>127.0.0.1</host><port>{{.TCP}}</port><user>homing</user><password>pass word</password></replica>{{end}}</shard>{{end}}</homing></remote_servers>
</yandex>
`))

// users: 18.16 carries statements out on a cluster as default, without a password.
const users = `<yandex><profiles><default><max_memory_usage>4000000000</max_memory_usage></default></profiles>
<users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
<homing><password>pass word</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></homing></users>
<quotas><default></default></quotas></yandex>
`

func (c *Cluster) configure(t testing.TB, s *Server) {
	t.Helper()
	must(t, os.MkdirAll(s.Dir, 0o700))
	var shards [][]*Server
	for _, indexes := range c.Layout {
		var shard []*Server
		for _, i := range indexes {
			shard = append(shard, c.Servers[i])
		}
		shards = append(shards, shard)
	}
	var config strings.Builder
	must(t, configTemplate.Execute(&config, map[string]any{"Server": s, "Shards": shards}))
	must(t, os.WriteFile(filepath.Join(s.Dir, "config.xml"), []byte(config.String()), 0o600))
	must(t, os.WriteFile(filepath.Join(s.Dir, "users.xml"), []byte(users), 0o600))
}

// Start starts it, also again.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	s.process = start(t, s.Dir, "server", exec.Command(serverProgram, "--config-file="+filepath.Join(s.Dir, "config.xml")))
	eventually(t, "clickhouse-server does not come up, see "+s.Dir, func() error { return answers(fmt.Sprintf("http://127.0.0.1:%d/ping", s.HTTP)) })
}

// Kill ends it as a power cut would.
func (s *Server) Kill() { s.process.kill() }

// URL is that of a database in the cluster; or on the first server alone, if
// there is no more than one.
func (c *Cluster) URL(database string) string {
	var hosts []string
	for _, s := range c.Servers {
		hosts = append(hosts, fmt.Sprintf("127.0.0.1:%d", s.HTTP))
	}
	url := fmt.Sprintf("clickhouse://homing:pass%%20word@%s/%s", strings.Join(hosts, ","), database)
	if len(c.Servers) > 1 {
		url += "?cluster=homing"
	}
	return url
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
