package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"homing"
)

const (
	// clickHousePatience is how long a start may take. It takes 2 s, and 20 beside much else.
	clickHousePatience = 45 * time.Second
	clickHouseUser     = "homing"
	// clusterName is what the servers call themselves together.
	clusterName = "homing"
)

// ClickHouse is a server of ClickHouse with its data.
type ClickHouse struct {
	*child
	dir                     string
	http, tcp, interservers int // ports
	config                  string
}

// Zookeeper is what the replicas agree through.
type Zookeeper struct {
	*child
	dir  string
	port int
}

// The programs that are looked for. Debian's are split from ClickHouse's own, which
// is one program with everything in it.
func clickHouseProgram() (path string, args []string, err error) {
	if path, err := exec.LookPath("clickhouse-server"); err == nil {
		return path, nil, nil
	}
	if path, err := exec.LookPath("clickhouse"); err == nil {
		return path, []string{"server"}, nil
	}
	return "", nil, errors.New("ClickHouse is missing (Debian: apt-get install clickhouse-server clickhouse-common-static)")
}

// zookeeperJar is where Debian keeps it, beside all it needs.
const zookeeperJar = "/usr/share/java/zookeeper.jar"

func missingClickHouse() (list []string) {
	if _, _, err := clickHouseProgram(); err != nil {
		list = append(list, err.Error())
	}
	if _, err := os.Stat(zookeeperJar); err != nil {
		list = append(list, "ZooKeeper is missing (Debian: apt-get install zookeeper)")
	}
	if _, err := exec.LookPath("java"); err != nil {
		list = append(list, "Java is missing (Debian: apt-get install default-jre-headless)")
	}
	return list
}

func (c *Cluster) startWarehouses(ctx context.Context) (err error) {
	if c.options.Small {
		return nil
	}
	c.say("starting ZooKeeper, and two replicas of ClickHouse")
	root := c.options.Dir
	if c.Keeper, err = startZookeeper(ctx, filepath.Join(root, "zookeeper")); err != nil {
		return err
	}
	if c.password, err = passwordIn(c.options.Dir); err != nil {
		return err
	}
	var hosts []string
	for n := range 2 {
		w, err := newClickHouse(filepath.Join(root, fmt.Sprintf("clickhouse-%d", n+1)))
		if err != nil {
			return err
		}
		c.Warehouses = append(c.Warehouses, w)
		hosts = append(hosts, w.Address())
	}
	for n, w := range c.Warehouses {
		if err := w.configure(n, c.Warehouses, c.Keeper.port, c.password); err != nil {
			return err
		}
		if err := w.Restart(ctx); err != nil {
			return err
		}
	}
	return c.keep("warehouse-url", c.warehouseURL(hosts))
}

// warehouseURL is how the replicas are reached at some addresses, password included.
func (c *Cluster) warehouseURL(hosts []string) string {
	return fmt.Sprintf("clickhouse://%s:%s@%s/homing?cluster=%s", clickHouseUser, c.password, strings.Join(hosts, ","), clusterName)
}

// passwordIn is the warehouse's, from an earlier start or new.
func passwordIn(dir string) (string, error) {
	path := filepath.Join(dir, "clickhouse-password")
	if text, err := os.ReadFile(path); err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	password := homing.RandomText(32)
	return password, os.WriteFile(path, []byte(password+"\n"), 0o600)
}

func newClickHouse(dir string) (w *ClickHouse, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	w = &ClickHouse{dir: dir, config: filepath.Join(dir, "config.xml")}
	for name, port := range map[string]*int{"http-port": &w.http, "tcp-port": &w.tcp, "interserver-port": &w.interservers} {
		if *port, err = portIn(dir, name); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// configure writes the server's settings: such as every version from 18.16 on
// understands.
func (w *ClickHouse) configure(number int, all []*ClickHouse, keeper int, password string) error {
	var replicas strings.Builder
	for _, r := range all {
		fmt.Fprintf(&replicas, "<replica><host>127.0.0.1</host><port>%d</port><user>%s</user><password>%s</password></replica>", r.tcp, clickHouseUser, password)
	}
	config := fmt.Sprintf(`<?xml version="1.0"?>
<yandex>
 <logger><level>warning</level><log>%[1]s/server.log</log><errorlog>%[1]s/error.log</errorlog><size>50M</size><count>2</count></logger>
 <listen_host>127.0.0.1</listen_host><interserver_http_host>127.0.0.1</interserver_http_host>
 <http_port>%[2]d</http_port><tcp_port>%[3]d</tcp_port><interserver_http_port>%[4]d</interserver_http_port>
 <path>%[1]s/data/</path><tmp_path>%[1]s/tmp/</tmp_path><format_schema_path>%[1]s/schemas/</format_schema_path><user_files_path>%[1]s/files/</user_files_path>
 <users_config>users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
 <timezone>UTC</timezone>
 <mark_cache_size>268435456</mark_cache_size><max_concurrent_queries>100</max_concurrent_queries>
 <zookeeper><node><host>127.0.0.1</host><port>%[5]d</port></node><session_timeout_ms>4000</session_timeout_ms></zookeeper>
 <macros><shard>1</shard><replica>replica-%[6]d</replica></macros>
 <remote_servers><%[7]s><shard><internal_replication>true</internal_replication>%[8]s</shard></%[7]s></remote_servers>
 <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
</yandex>
`, w.dir, w.http, w.tcp, w.interservers, keeper, number+1, clusterName, replicas.String())
	users := fmt.Sprintf(`<?xml version="1.0"?>
<yandex>
 <profiles><default><max_memory_usage>2000000000</max_memory_usage><load_balancing>in_order</load_balancing></default></profiles>
 <users><%[1]s><password>%[2]s</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></%[1]s></users>
 <quotas><default></default></quotas>
</yandex>
`, clickHouseUser, password)
	return errors.Join(os.WriteFile(w.config, []byte(config), 0o600), os.WriteFile(filepath.Join(w.dir, "users.xml"), []byte(users), 0o600))
}

// Restart starts the server, which must not run, and waits until it answers. Debian's
// 18.16 trips over its own mutexes now and then (pthread_mutex_lock: Assertion … failed),
// and then it ends, or it stands still while it is telling so: that one is ended.
func (w *ClickHouse) Restart(ctx context.Context) error {
	return startAgain(ctx, 0, w.start, func() <-chan struct{} { return w.gone })
}

func (w *ClickHouse) start(ctx context.Context) error {
	program, args, err := clickHouseProgram()
	if err != nil {
		return err
	}
	cmd := exec.Command(program, append(args, "--config-file="+w.config)...)
	cmd.Dir = w.dir
	if w.child, err = startChild("ClickHouse", filepath.Join(w.dir, "log"), cmd); err != nil {
		return err
	}
	if err = w.await(ctx, clickHousePatience, w.ping); err != nil {
		w.kill()
	}
	return err
}

func (w *ClickHouse) ping() error {
	client := http.Client{Timeout: 2 * time.Second}
	resp, err := client.Get("http://" + w.Address() + "/ping")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(io.LimitReader(resp.Body, 100)); err != nil || !strings.HasPrefix(string(text), "Ok") {
		return fmt.Errorf("it answers %s %q", resp.Status, text)
	}
	return nil
}

// Address is host and port of the HTTP interface.
func (w *ClickHouse) Address() string { return local(w.http) }

// Kill ends the server at once.
func (w *ClickHouse) Kill() { w.kill() }

// End ends the server in order.
func (w *ClickHouse) End() { w.end(syscall.SIGTERM) }

func startZookeeper(ctx context.Context, dir string) (*Zookeeper, error) {
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		return nil, err
	}
	port, err := portIn(dir, "port")
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("tickTime=500\ndataDir=%s/data\nclientPort=%d\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n"+
		"4lw.commands.whitelist=ruok\n", dir, port)
	if err := os.WriteFile(filepath.Join(dir, "zoo.cfg"), []byte(text), 0o644); err != nil {
		return nil, err
	}
	k := &Zookeeper{dir: dir, port: port}
	return k, k.Restart(ctx)
}

// Restart starts it, also when it has ended, and waits until it answers.
func (k *Zookeeper) Restart(ctx context.Context) (err error) {
	cmd := exec.Command("java", "-Xmx256m", "-cp", "/usr/share/java/*", "org.apache.zookeeper.server.quorum.QuorumPeerMain", filepath.Join(k.dir, "zoo.cfg"))
	cmd.Dir = k.dir
	if k.child, err = startChild("ZooKeeper", filepath.Join(k.dir, "log"), cmd); err != nil {
		return err
	}
	return k.await(ctx, clickHousePatience, k.ask)
}

// ask asks whether it is well. A port that is only open is not enough: servers of
// ClickHouse that are started then fall over.
func (k *Zookeeper) ask() error {
	conn, err := net.DialTimeout("tcp", local(k.port), time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "ruok"); err != nil {
		return err
	}
	text, err := io.ReadAll(conn)
	if err == nil && string(text) != "imok" {
		err = fmt.Errorf("it says %q", text)
	}
	return err
}

// Kill ends it at once.
func (k *Zookeeper) Kill() { k.kill() }

// End ends it.
func (k *Zookeeper) End() { k.end(syscall.SIGTERM) }
