package traffic

import (
	"net/netip"

	"homing"
)

// senders are advertisers' servers and trackers.
var senders = func() (all []struct {
	addr      netip.Addr
	userAgent string
}) {
	agents := []string{"Go-http-client/2.0", "GuzzleHttp/7", "axios/1.7.2", "python-requests/2.32.3", "Apache-HttpClient/4.5.14 (Java/17.0.9)", "okhttp/4.12.0", ""}
	for i := range 150 {
		addr := netip.AddrFrom4([4]byte{byte(11 + i), byte(i * 17), byte(i * 31), 7})
		all = append(all, struct {
			addr      netip.Addr
			userAgent string
		}{homing.CutAddr(addr), agents[i%len(agents)]})
	}
	return all
}()
