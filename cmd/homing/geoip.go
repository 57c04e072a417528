package main

import (
	"fmt"
	"io"

	"homing/internal/desk/control"
)

type geoipCmd struct {
	Test geoipTestCmd `cmd:"" help:"Tell what each configured file says of an address."`
}

type geoipTestCmd struct {
	IP string `arg:"" name:"ip" help:"The address."`
	oneFormat
}

// Run tells where the address is.
func (c *geoipTestCmd) Run(s *session) error {
	return s.ask(func(client *control.Client) error {
		places, err := client.Places(s.ctx, c.IP)
		if err != nil {
			return wrongly(err)
		}
		return printOne(s.out, c.Format, places, func(w io.Writer) { printPlaces(w, places) })
	})
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
	if len(places.Files) == 0 {
		fmt.Fprint(w, `No file of places is configured, so country, region, city, carrier and provider are known only where the ad server tells them.
None comes with homing, because of their licences. Get an .mmdb file from MaxMind (GeoLite2), DB-IP or IPinfo, and give it to the server:
  homing serve --geoip-file /path/to/city.mmdb
`)
		return
	}
	printTable(w, placeColumns, seqOf(places.Files), len(places.Files))
}
