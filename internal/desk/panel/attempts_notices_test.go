package panel

func init() {
	attempts = append(attempts, func(w *world) map[string]attempt {
		mine := "?account=" + w.account.ID.String()
		return map[string]attempt{
			"GET /settings/notices":               {"/settings/notices" + mine, nil, moved, missing, forbidden, ok, ok},
			"POST /settings/notices":              {"/settings/notices" + mine, []string{"emails", "nobody"}, moved, missing, forbidden, unfit, unfit},
			"POST /settings/notices/webhook":      {"/settings/notices/webhook" + mine, []string{"do", "save", "webhook", "http://x"}, moved, missing, forbidden, unfit, unfit},
			"POST /settings/notices/webhook/test": {"/settings/notices/webhook/test" + mine, nil, moved, missing, forbidden, unfit, unfit},
			"POST /settings/notices/mail":         {"/settings/notices/mail", []string{"host", "a b"}, moved, forbidden, forbidden, forbidden, unfit},
			"POST /settings/notices/mail/test":    {"/settings/notices/mail/test" + mine, nil, moved, forbidden, forbidden, forbidden, unfit},
		}
	})
}
