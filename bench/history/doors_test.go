package history

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"homing"
	"homing/internal/edge"
	"homing/internal/engine/ledger/sqlite"
	"homing/internal/engine/spool/segment"
	"homing/internal/flow/catalog"
	"homing/internal/flow/journal"
	"homing/internal/flow/mint"
)

// doors are homing's, open on a port of this machine.
type doors struct {
	address string
	slug    string
	key     string
	ring    *homing.Keyring
	from    homing.Campaign
	minted  atomic.Uint64 // clicks that postbacks were sent for
	leads   atomic.Uint64
}

func open(t testing.TB) *doors {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
	ctx, stop := context.WithCancel(context.Background())
	ring, err := homing.NewKeyring(homing.MasterKey{ID: "00000001", From: homing.Epoch, Secret: [32]byte{1, 2, 3}})
	must(err)
	keyring := func() *homing.Keyring { return ring }
	books, err := sqlite.Open(sqlite.Options{
		Path: filepath.Join(dir, "ledger.db"), Logger: log, Clock: time.Now, Committed: func(int, time.Duration) {}, LeadHashes: ring.HashLeads,
	})
	must(err)
	kept, err := segment.Open(segment.Options{Dir: filepath.Join(dir, "spool"), Clock: time.Now, Logger: log, Committed: func(time.Duration) {}})
	must(err)
	settings, err := catalog.Open(ctx, catalog.Options{Ledger: books, Clock: time.Now, Keyring: keyring})
	must(err)
	account, _, key, err := settings.CreateAccount(ctx, "benchmark", catalog.NewAccount{Name: "bench", MultiLead: true})
	must(err)
	campaign, err := settings.CreateCampaign(ctx, "benchmark", catalog.NewCampaign{
		Account: account.ID, Name: "bench", URL: "https://shop.example/?click={click_id}&s={sub1}",
	})
	must(err)
	minter, err := mint.Open(ctx, mint.Options{Lessor: books, Clock: time.Now, Keyring: keyring, Log: log})
	must(err)
	notes := journal.Open(journal.Options{Spool: kept, Books: books, Clock: time.Now, Whole: journal.DefaultWhole, Mask: settings.Masker().Postback})
	served := edge.New(edge.Options{
		Spool: kept, Ledger: books, Catalog: settings, Minter: minter, Journal: notes, Keyring: keyring, Clock: time.Now, Log: log,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, MaxConns: 20_000, MaxRequests: 4096, RefusalsPerMinute: 1000,
	})
	listener, err := edge.Listen("127.0.0.1:0")
	must(err)
	var beside sync.WaitGroup
	beside.Go(func() { minter.Keep(ctx) })
	beside.Go(func() { notes.Keep(ctx) })
	beside.Go(func() {
		if err := served.Serve(listener); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		ending, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		must(served.Shutdown(ending))
		stop()
		beside.Wait()
		must(kept.Close())
		must(books.Close())
	})
	return &doors{address: listener.Addr().String(), slug: campaign.Slug, key: key.Reveal(), ring: ring, from: campaign}
}

// client is a connection that asks again and again. Nothing in it allocates.
type client struct {
	doors *doors
	conn  net.Conn
	text  []byte
	read  [4096]byte
	// request writes the next request; wanted is the status of its answer.
	request func(*client, []byte) []byte
	wanted  []byte
}

func (d *doors) client(t testing.TB, door string) *client {
	conn, err := net.Dial("tcp", d.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &client{doors: d, conn: conn, text: make([]byte, 0, 2048), wanted: []byte("200")}
	switch door {
	case "click":
		c.request, c.wanted = (*client).click, []byte("302")
	case "postback":
		c.request = (*client).postback
	case "lead":
		c.request = (*client).lead
	}
	return c
}

const browser = "User-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36\r\n" +
	"Accept-Language: de-AT,de;q=0.9,en;q=0.8\r\nReferer: https://blog.example/posts/2026/11/how-to?page=2\r\n"

// click is a visitor's request.
func (c *client) click(dst []byte) []byte {
	dst = append(dst, "GET /c/"...)
	dst = append(dst, c.doors.slug...)
	dst = append(dst, "?sub1=abc&site_id=9001&creative_id=117&cost=0.012 HTTP/1.1\r\nHost: t.example\r\n"...)
	dst = append(dst, browser...)
	return append(dst, "\r\n"...)
}

// postback reports a click that was not reported before.
func (c *client) postback(dst []byte) []byte {
	dst = c.target(dst)
	return append(dst, "?value=2.10 HTTP/1.1\r\nHost: t\r\nUser-Agent: tracker/1.0\r\n\r\n"...)
}

// lead does so with a lead code and the key, over https.
func (c *client) lead(dst []byte) []byte {
	dst = c.target(dst)
	dst = append(dst, "?value=2.10&lead_code=order-"...)
	dst = strconv.AppendUint(dst, c.doors.leads.Add(1), 10)
	dst = append(dst, "&key="...)
	dst = append(dst, c.doors.key...)
	return append(dst, " HTTP/1.1\r\nHost: t\r\nUser-Agent: tracker/1.0\r\nX-Forwarded-Proto: https\r\n\r\n"...)
}

// target is the postback URL of a new click. Its node is none that the door has.
func (c *client) target(dst []byte) []byte {
	n := c.doors.minted.Add(1)
	at := homing.MillisOf(time.Now()) - 1000 - homing.Millis(n>>12%3_600_000)
	id := c.doors.ring.Seal(homing.Origin{Time: at, Node: 900, Seq: uint16(n & homing.MaxSeq), Campaign: c.doors.from.ID})
	dst = append(dst, "GET /api/v1/cpa/action/"...)
	return id.AppendHex(dst)
}

// ask sends a request and waits for its answer, which comes in one piece.
func (c *client) ask() error {
	c.text = c.request(c, c.text[:0])
	if _, err := c.conn.Write(c.text); err != nil {
		return err
	}
	n, err := c.conn.Read(c.read[:])
	if err != nil {
		return err
	}
	if answer := c.read[:n]; n < 12 || !bytes.Equal(answer[9:12], c.wanted) {
		return fmt.Errorf("%s was answered %s", c.text, answer)
	}
	return nil
}

// BenchmarkDoors asks for durable clicks, and sends postbacks that count.
func BenchmarkDoors(b *testing.B) {
	for _, door := range []string{"click", "postback", "lead"} {
		for _, clients := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/%d", door, clients), func(b *testing.B) { askMany(b, door, clients) })
		}
	}
}

func askMany(b *testing.B, door string, clients int) {
	d := open(b)
	visitors := make([]*client, clients)
	for i := range visitors {
		visitors[i] = d.client(b, door)
		if err := visitors[i].ask(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	var taken atomic.Int64
	var all sync.WaitGroup
	for _, visitor := range visitors {
		all.Go(func() {
			for taken.Add(1) <= int64(b.N) {
				if err := visitor.ask(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
}
