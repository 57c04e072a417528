package panel

func init() {
	attempts = append(attempts, func(w *world) map[string]attempt {
		return map[string]attempt{
			"GET /":             {"/", nil, moved, ok, moved, moved, moved},
			"GET /start":        {"/start", nil, moved, ok, ok, ok, ok},
			"GET /setup":        {"/setup", nil, moved, forbidden, forbidden, forbidden, ok},
			"POST /setup":       {"/setup", []string{"currency", "x"}, moved, forbidden, forbidden, forbidden, unfit},
			"POST /demo":        {"/demo", nil, moved, forbidden, forbidden, forbidden, moved},
			"POST /demo/remove": {"/demo/remove", nil, moved, forbidden, forbidden, forbidden, moved},
		}
	})
}
