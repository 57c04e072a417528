package panel

func init() {
	attempts = append(attempts, func(w *world) map[string]attempt {
		return map[string]attempt{
			"GET /assets/{file}":    {"/assets/nothing.css", nil, missing, missing, missing, missing, missing},
			"GET /welcome/{token}":  {"/welcome/nothing", nil, missing, missing, missing, missing, missing},
			"POST /welcome/{token}": {"/welcome/nothing", nil, missing, missing, missing, missing, missing},
			"GET /signin":           {"/signin", nil, ok, moved, moved, moved, moved},
			"POST /signin":          {"/signin", []string{"email", "nobody@example.com"}, forbidden, forbidden, forbidden, forbidden, forbidden},
			"POST /signout":         {"/signout", nil, moved, moved, moved, moved, moved},
			"GET /signin/code":      {"/signin/code", nil, moved, moved, moved, moved, moved},
			"POST /signin/code":     {"/signin/code", []string{"code", "123456"}, forbidden, forbidden, forbidden, forbidden, forbidden},
			"POST /theme":           {"/theme", []string{"theme", "dark"}, moved, moved, moved, moved, moved},
			"GET /you":              {"/you", nil, moved, moved, moved, moved, moved},
		}
	})
}
