package app

import (
	"net/netip"
	"time"
)

// Config is every setting of homing serve. Each is a flag, an environment
// variable (HOMING_TRACK_LISTEN) and a key of an optional TOML file
// (track-listen); unknown keys are errors. The zero value of a new field keeps
// yesterday's behaviour.
type Config struct {
	DataDir string `name:"data-dir" default:"./homing-data" help:"Where everything is kept. Back it up."`

	TrackListen    string   `name:"track-listen" default:":8080" help:"Address for clicks and postbacks over plain http."`
	TrackTLSListen string   `name:"track-tls-listen" default:"127.0.0.1:8443" help:"Address for clicks and postbacks over https. Without --tls-cert it must be loopback and gets a self-signed certificate. Empty switches it off."`
	TLSCert        []string `name:"tls-cert" help:"Certificate files (PEM), comma-separated. Read again when they change." placeholder:"FILE"`
	TLSKey         []string `name:"tls-key" help:"Their private keys, in the same order." placeholder:"FILE"`

	DeskListen  string `name:"desk-listen" default:"127.0.0.1:8081" help:"Address of the panel. Beyond loopback it needs --desk-tls-cert or --trusted-proxies."`
	DeskTLSCert string `name:"desk-tls-cert" help:"Certificate of the panel (PEM)." placeholder:"FILE"`
	DeskTLSKey  string `name:"desk-tls-key" help:"Its private key." placeholder:"FILE"`

	TrustedProxies []netip.Prefix `name:"trusted-proxies" help:"Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, comma-separated. Nobody else's are." placeholder:"CIDR"`
	PublicURL      string         `name:"public-url" help:"How clicks and postbacks are reached from outside, such as https://t.example.com; for the URLs that are shown. Without it, the one of the panel's settings." placeholder:"URL"`
	DeskURL        string         `name:"desk-url" help:"How the panel is reached from outside; for one-time links. Without it, the one of the panel's settings." placeholder:"URL"`
	FallbackURL    string         `name:"fallback-url" help:"Where visitors of unknown or paused campaigns go. Without it they get 404." placeholder:"URL"`
	HelpURL        string         `name:"help-url" help:"Public page about refused postbacks; told to senders in a Link header." placeholder:"URL"`

	OnSpoolFailure string `name:"on-spool-failure" enum:"refuse,redirect" default:"refuse" help:"What visitors get when the disk fails: 503, or their redirect with a valid id although the click cannot be recorded (counted as unrecorded)."`

	RefusalsPerMinute int           `name:"refusals-per-minute" default:"1000" help:"After so many unauthentic ids or wrong keys from one address in a minute, further ones get 429. 0 = never."`
	ConnsPerAddr      int           `name:"conns-per-addr" default:"2000" help:"Connections from one address (IPv6: /64) at once. Trusted proxies and loopback are not limited. 0 = no limit."`
	MaxConns          int           `name:"max-conns" default:"20000" help:"Connections at once, of all addresses."`
	MaxRequests       int           `name:"max-requests" default:"4096" help:"Requests under way at once; beyond it 503."`
	SegmentSize       int64         `name:"spool-segment-size" default:"67108864" help:"Size of a spool file in bytes."`
	DrainTime         time.Duration `name:"drain-time" default:"8s" help:"How long an ending server finishes what is under way."`

	GeoIPFiles    []string `name:"geoip-file" help:"Files (mmdb) that tell the place of an address: country, region, city, carrier, provider; comma-separated, the first that knows something says it. None is shipped. Read again when they change." placeholder:"FILE"`
	TimeZone      string   `name:"time-zone" help:"Time zone of days and times that name none, such as Europe/Berlin. Without it, the one of the panel's settings, else UTC." placeholder:"ZONE"`
	KeepClicks    Keep     `name:"keep-clicks" default:"400d" help:"How long single clicks are kept; totals by campaign, country and device, and conversions, stay. 0 = for ever."`
	KeepPostbacks Keep     `name:"keep-postbacks" default:"400d" help:"How long the postback log is kept. 0 = for ever."`
	NoArchive     bool     `name:"no-archive" help:"Keep no archive of past days (Parquet): half the disk, but a lost warehouse file then loses the single clicks in it."`

	WarehouseMemory  Bytes `name:"warehouse-memory" default:"0" help:"Memory that reports may use, such as 2GiB. 0 = a quarter of the machine's, or of what a container or systemd allows, at most 4GiB."`
	WarehouseThreads int   `name:"warehouse-threads" default:"0" help:"Cores that reports may use. 0 = all, behind redirects and postbacks."`

	WarehouseSilence time.Duration `name:"warehouse-silence" default:"30s" help:"How long the warehouse's process may say nothing before it is ended and started again." hidden:""`

	MetricsToken string `name:"metrics-token" help:"Bearer token that opens /metrics to others than loopback." placeholder:"TOKEN"`

	LogLevel  string `name:"log-level" enum:"debug,info,warn,error" default:"info" help:"What is logged."`
	LogFormat string `name:"log-format" enum:"text,json" default:"text" help:"How it is logged, to standard error."`

	Role           string `name:"role" enum:"all,edge,desk" default:"all" help:"What this process does in a cluster: edge takes clicks and postbacks, desk has the panel and the API, all is both."`
	Ledger         string `name:"ledger" help:"Ledger that several nodes share, on PostgreSQL: postgres://user:password@host/database, or @FILE to read that from a file. Without it, the embedded one in --data-dir." placeholder:"URL"`
	Warehouse      string `name:"warehouse" help:"Warehouse that several nodes share, on ClickHouse: clickhouse://user:password@host:8123/database?cluster=NAME, or @FILE. Without it, the embedded one in --data-dir." placeholder:"URL"`
	ClusterKeyFile string `name:"cluster-key-file" help:"File with the key that all nodes of a cluster share, as homing cluster-key makes it; needed with --ledger. Back it up." placeholder:"FILE"`
}
