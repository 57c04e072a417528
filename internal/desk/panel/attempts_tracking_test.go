package panel

import "homing/internal/desk/panel/page"

func init() {
	attempts = append(attempts, func(w *world) map[string]attempt {
		return map[string]attempt{
			"GET /advertisers/{account}/tracking":           {page.AdvertiserPath(w.account.ID) + "/tracking", nil, moved, missing, ok, ok, ok},
			"POST /advertisers/{account}/keys":              {page.AdvertiserPath(w.account.ID) + "/keys", nil, moved, missing, forbidden, unfit, unfit},
			"POST /advertisers/{account}/keys/{key}/reveal": {page.AdvertiserPath(w.account.ID) + "/keys/" + w.key + "/reveal", nil, moved, missing, forbidden, forbidden, forbidden},
			"POST /advertisers/{account}/keys/{key}/revoke": {page.AdvertiserPath(w.account.ID) + "/keys/" + w.key + "/revoke", nil, moved, missing, forbidden, moved, moved},
		}
	})
}
