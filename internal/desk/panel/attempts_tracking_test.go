package panel

import (
	"net/http"

	"homing/internal/desk/panel/page"
)

func init() {
	attempts = append(attempts, func(w *world) map[string]attempt {
		return map[string]attempt{
			"GET /advertisers/{account}/tracking":         {page.AdvertiserPath(w.account.ID) + "/tracking", nil, moved, missing, ok, ok, ok},
			"POST /advertisers/{account}/tracking/repair": {page.TrackingPath(w.account.ID) + "/repair", []string{"url", "x"}, moved, missing, ok, ok, ok},
			"POST /advertisers/{account}/tracking/append": {page.TrackingPath(w.account.ID) + "/append?tracker=voluum",
				[]string{"campaign", w.campaign.ID.String(), "present", "another"}, moved, forbidden, forbidden, forbidden, http.StatusConflict},
			"POST /advertisers/{account}/senders":           {page.AdvertiserPath(w.account.ID) + "/senders", []string{"senders", ""}, moved, missing, forbidden, moved, moved},
			"POST /advertisers/{account}/keys":              {page.AdvertiserPath(w.account.ID) + "/keys", nil, moved, missing, forbidden, unfit, unfit},
			"POST /advertisers/{account}/keys/{key}/reveal": {page.AdvertiserPath(w.account.ID) + "/keys/" + w.key + "/reveal", nil, moved, missing, forbidden, forbidden, forbidden},
			"POST /advertisers/{account}/keys/{key}/revoke": {page.AdvertiserPath(w.account.ID) + "/keys/" + w.key + "/revoke", nil, moved, missing, forbidden, moved, moved},
		}
	})
}
