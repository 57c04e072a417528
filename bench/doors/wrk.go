package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

//go:embed wrk/click.lua
var wrkClick []byte

//go:embed wrk/postback.lua
var wrkPostback []byte

// shot is one server being asked for some seconds.
type shot struct {
	requests int64
	rate     float64       // of good answers, a second
	cpu      time.Duration // of all processes of the server, a good answer
	shed     float64       // share that was answered with an error: 503
	p50, p99 time.Duration
	together float64 // records a commit made durable, on the average; 0 = not known
}

// setting is how wrk asks.
type setting struct {
	connections int
	close       bool // a new connection for each request
	brief       bool // a glance will do
}

func (s setting) String() string {
	text := strconv.Itoa(s.connections)
	if s.close {
		text += ", each request on a new one"
	}
	return text
}

// duration is how long a server is asked so.
func (s setting) duration(o *options) time.Duration {
	if s.brief {
		return o.glance
	}
	return o.shot
}

// settings are those of the promise; the first is the one that limits are for.
var settings = []setting{
	{connections: 64}, {connections: 1, brief: true}, {connections: 16, brief: true}, {connections: 256, brief: true},
	{connections: 1024, brief: true}, {connections: 64, close: true, brief: true},
}

// maxConnections is the most that any of them has.
const maxConnections = 1024

// scripts writes what wrk reads.
func scripts(dir string) error {
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "click.lua"), wrkClick, 0o600),
		os.WriteFile(filepath.Join(dir, "postback.lua"), wrkPostback, 0o600))
}

var resultLine = regexp.MustCompile(`RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)`)

// settle is how long a server has to finish what it does behind its answers,
// which belongs to them.
const settle = 300 * time.Millisecond

// clicks asks a server for redirects.
func (b *bench) clicks(ctx context.Context, s *server, how setting) (shot, error) {
	args := []string{"--", s.path + "?site_id=1234&sub1=spring-sale&cost=0.012"}
	if how.close {
		args = append(args, "close")
	}
	return b.wrk(ctx, s, how, "click.lua", args)
}

// postbacks sends a server new leads of clicks it gave.
func (b *bench) postbacks(ctx context.Context, s *server, how setting) (shot, error) {
	args := []string{"--", s.ids, s.key, strconv.FormatUint(s.leads, 10)}
	if how.close {
		args = append(args, "close")
	}
	done, err := b.wrk(ctx, s, how, "postback.lua", args)
	// wrk throws away what is under way at the end, so numbers are passed over
	// rather than used twice.
	s.leads += uint64(done.requests) + 2*maxConnections
	return done, err
}

func (b *bench) wrk(ctx context.Context, s *server, how setting, script string, args []string) (shot, error) {
	words := append([]string{
		"-t1", "-c" + strconv.Itoa(how.connections), "-d" + strconv.Itoa(int(how.duration(&b.o)/time.Second)) + "s", "--timeout", "10s",
		"-s", filepath.Join(b.o.dir, script), "http://" + s.address,
	}, args...)
	before := processorOf(s.pids)
	out, err := exec.CommandContext(ctx, "wrk", words...).CombinedOutput()
	if err != nil {
		return shot{}, fmt.Errorf("wrk on %s: %w: %s", s.name, err, out)
	}
	time.Sleep(settle)
	used := processorOf(s.pids) - before
	found := resultLine.FindSubmatch(out)
	if found == nil {
		return shot{}, fmt.Errorf("wrk on %s says %s", s.name, bytes.TrimSpace(out))
	}
	var n [6]int64
	for i := range n {
		n[i], _ = strconv.ParseInt(string(found[i+1]), 10, 64) // they are digits
	}
	good := n[0] - n[4]
	if good <= 0 || n[5] > n[0]/1000 {
		return shot{}, fmt.Errorf("wrk on %s: %d requests, %d answered with an error, %d not answered", s.name, n[0], n[4], n[5])
	}
	return shot{
		requests: n[0], rate: float64(good) / (float64(n[1]) / 1e6), cpu: used / time.Duration(good), shed: float64(n[4]) / float64(n[0]),
		p50: time.Duration(n[2]) * time.Microsecond, p99: time.Duration(n[3]) * time.Microsecond,
	}, nil
}
