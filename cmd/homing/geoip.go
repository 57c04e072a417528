package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"

	"homing/internal/app"
	"homing/internal/desk/control"
)

type geoipCmd struct {
	Test geoipTestCmd `cmd:"" help:"Tell what each configured file says of an address."`
}

type geoipTestCmd struct {
	IP   address  `arg:"" name:"ip" help:"The address."`
	File []string `sep:"none" help:"Ask this file (mmdb) instead of those of the running server, such as before it is configured. Repeat it for more." placeholder:"FILE"`
	oneFormat
}

// address is an IP address on the command line.
type address struct{ netip.Addr }

// UnmarshalText reads it.
func (a *address) UnmarshalText(text []byte) (err error) {
	a.Addr, err = control.ParseAddr(string(text))
	return err
}

// Run tells where the address is.
func (c *geoipTestCmd) Run(s *session) error {
	if len(c.File) > 0 {
		return c.ofFiles(s)
	}
	return s.ask(func(client *control.Client) error {
		places, err := client.Places(s.ctx, c.IP.String())
		if err != nil {
			return wrongly(err)
		}
		return printOne(s.out, c.Format, places, func(w io.Writer) { printPlaces(w, places) })
	})
}

// ofFiles asks files that no server needs to have. It fails if one is broken.
func (c *geoipTestCmd) ofFiles(s *session) error {
	places := control.Places{Addr: c.IP.String(), Files: app.PlacesIn(c.File, c.IP.Addr)}
	if err := printOne(s.out, c.Format, places, func(w io.Writer) { printPlaces(w, places) }); err != nil {
		return err
	}
	var broken []error
	for _, p := range places.Files {
		if p.Trouble != "" {
			broken = append(broken, errors.New("--file "+p.Trouble))
		}
	}
	return errors.Join(broken...)
}

var placeColumns = []column[control.Place]{
	{head: "FILE", cell: func(p *control.Place) string { return p.File }},
	{head: "BUILT", cell: func(p *control.Place) string { return p.Built }},
	{head: "COUNTRY", cell: func(p *control.Place) string { return p.Country }},
	{head: "REGION", cell: func(p *control.Place) string { return p.Region }},
	{head: "CITY", cell: func(p *control.Place) string { return p.City }},
	{head: "CARRIER", cell: func(p *control.Place) string { return p.Carrier }},
	{head: "ISP", cell: func(p *control.Place) string { return p.ISP }},
	{head: "TROUBLE", cell: func(p *control.Place) string { return p.Trouble }},
}

func printPlaces(w io.Writer, places control.Places) {
	if len(places.Files) == 0 && places.Offline {
		fmt.Fprint(w, `No server runs on this data directory, and which files of places it would have stands in its settings, not here. Start it, or name the files:
  homing geoip test --file /path/to/city.mmdb `+places.Addr+`
`)
		return
	}
	if len(places.Files) == 0 {
		fmt.Fprint(w, `No file of places is configured, so country, region, city, carrier and provider are known only where the ad server tells them.
None comes with homing, because of their licences. Get an .mmdb file from MaxMind (GeoLite2), DB-IP or IPinfo, and give it to the server:
  homing serve --geoip-file /path/to/city.mmdb
`)
		return
	}
	printTable(w, placeColumns, seqOf(places.Files), len(places.Files))
}
