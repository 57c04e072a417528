package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"homing/internal/simulate/openloop"
	"homing/internal/simulate/wire"
)

// pace is the fixed rate at which latency is taken, requests a second.
const pace = 1000

// measurePaced offers every server the same requests at the same rate, each at
// its moment.
func (b *bench) measurePaced(ctx context.Context) error {
	for _, what := range []string{"click", "postback"} {
		b.progress.Begin("latency of %ss at %d a second", what, pace)
		b.paced[what] = map[string][]openloop.Percentiles{}
		for round := range b.o.rounds {
			for i := range b.servers {
				s := b.servers[(i+round)%len(b.servers)]
				if what == "postback" && !s.postbacks {
					continue
				}
				outcome, err := b.pacedShot(ctx, s, what)
				if err != nil {
					return err
				}
				b.paced[what][s.name] = append(b.paced[what][s.name], outcome)
			}
			b.progress.At(int64(round+1), int64(b.o.rounds))
		}
	}
	return nil
}

func (b *bench) pacedShot(ctx context.Context, s *server, what string) (openloop.Percentiles, error) {
	plan := openloop.Plan{Address: s.address, Rate: pace, Duration: b.o.shot, Connections: 64, Clock: b.o.now}
	status := 302
	plan.Request = func(dst []byte, _ uint64) []byte {
		return wire.Request(dst, "GET", s.path+"?site_id=1234&sub1=spring-sale&cost=0.012", s.address, "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n")
	}
	if what == "postback" {
		status = 200
		text, err := os.ReadFile(s.ids)
		if err != nil {
			return openloop.Percentiles{}, err
		}
		ids, first := strings.Fields(string(text)), s.leads
		s.leads += uint64(pace*b.o.shot/time.Second) + 1
		plan.Request = func(dst []byte, n uint64) []byte {
			n += first
			target := "/api/v1/cpa/action/" + ids[n%uint64(len(ids))] + "?value=1.25&lead_code=order-" + strconv.FormatUint(n, 10) + "&key=" + s.key
			return wire.Request(dst, "GET", target, s.address, "User-Agent: Tracker/1.0\r\nX-Forwarded-Proto: https\r\n")
		}
	}
	outcome := openloop.Run(ctx, plan)
	return outcome.Percentiles(status), ctx.Err()
}

// measureBeside asks a homing whose reports run beside it, and one whose do not, at
// 64 connections: what reports cost the doors.
func (b *bench) measureBeside(ctx context.Context) error {
	running, err := startHoming(ctx, &b.o, busyOurs, true)
	if err := b.add(ctx, b.o.clicks, running, err); err != nil {
		return err
	}
	b.progress.Begin("clicks and postbacks while reports are loaded")
	quiet := b.named(ours)
	for _, what := range []string{"click", "postback"} {
		b.beside[what] = series{}
		ask := b.clicks
		if what == "postback" {
			ask = b.postbacks
		}
		for range b.o.rounds {
			for _, s := range []*server{quiet, running} {
				taken, err := ask(ctx, s, settings[0])
				if err != nil {
					return err
				}
				b.beside[what][s.name] = append(b.beside[what][s.name], taken)
			}
		}
	}
	return nil
}
