package panel

func init() {
	attempts = append(attempts, func(w *world) map[string]attempt {
		mine := "?account=" + w.account.ID.String()
		return map[string]attempt{
			"GET /overview":     {"/overview" + mine, nil, moved, missing, ok, ok, ok},
			"GET /reports":      {"/reports" + mine, nil, moved, missing, ok, ok, ok},
			"GET /reports/file": {"/reports/file" + mine + "&format=csv&by=campaign", nil, moved, missing, ok, ok, ok},
		}
	})
}
