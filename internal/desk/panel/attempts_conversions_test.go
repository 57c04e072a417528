package panel

func init() {
	attempts = append(attempts, func(w *world) map[string]attempt {
		conversion := "/conversions/" + w.conversion.String()
		const list = "/conversions/change"
		return map[string]attempt{
			"GET /conversions":                      {"/conversions?account=" + w.account.ID.String(), nil, moved, missing, ok, ok, ok},
			"GET /conversions/export":               {"/conversions/export?account=" + w.account.ID.String(), nil, moved, missing, ok, ok, ok},
			"GET /conversions/change":               {list, nil, moved, forbidden, forbidden, forbidden, ok},
			"POST /conversions/change":              {list, nil, moved, forbidden, forbidden, forbidden, unfit},
			"GET /conversions/change/{job}":         {list + "/nothing", nil, moved, forbidden, forbidden, forbidden, missing},
			"POST /conversions/change/{job}":        {list + "/nothing", nil, moved, forbidden, forbidden, forbidden, missing},
			"GET /conversions/change/{job}/result":  {list + "/nothing/result", nil, moved, forbidden, forbidden, forbidden, missing},
			"GET /conversions/{conversion}":         {conversion, nil, moved, missing, ok, ok, ok},
			"POST /conversions/{conversion}/status": {conversion + "/status", []string{"status", "approved", "from", "approved"}, moved, forbidden, forbidden, forbidden, moved},
		}
	})
}
