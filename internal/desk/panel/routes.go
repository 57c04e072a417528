package panel

// routes is the panel: every page and every form, who may use it, and what for.
// The tests try each of them as a stranger, as another account and as an
// advertiser; a route without such a case fails them.
func routes() []route {
	return []route{
		// Doors.
		{"GET", "/assets/{file}", anyone, showAsset},
		{"GET", "/welcome/{token}", anyone, showWelcome}, // a one-time link; looking does not use it up
		{"POST", "/welcome/{token}", anyone, chooseFirstPassword},
		{"GET", "/signin", anyone, showSignIn},
		{"POST", "/signin", anyone, doSignIn},
		{"POST", "/signout", anyone, doSignOut},
		{"POST", "/theme", anyone, setTheme}, // light, dark, or as the system

		// Everybody's.
		{"GET", "/", signedIn, showHome},
		{"GET", "/you", signedIn, showYou}, // one's own user: password
		{"POST", "/you/password", signedIn, changePassword},

		// Advertisers: the operators' clients.
		{"GET", "/advertisers", operators, listAdvertisers},
		{"GET", "/advertisers/new", operators, newAdvertiser},
		{"POST", "/advertisers/new", operators, createAdvertiser},
		{"GET", "/advertisers/{account}", operators, showAdvertiser},
		{"POST", "/advertisers/{account}", operators, updateAdvertiser},
		{"POST", "/advertisers/{account}/people", operators, invitePerson}, // answers with a one-time link

		// Tracking & API: postback URLs and keys.
		{"GET", "/advertisers/{account}/tracking", signedIn, showTracking},
		{"POST", "/advertisers/{account}/keys", signedIn, rotateKey}, // answers with the new key
		{"POST", "/advertisers/{account}/keys/{key}/reveal", signedIn, revealKey},
		{"POST", "/advertisers/{account}/keys/{key}/revoke", signedIn, revokeKey},

		// Campaigns: advertisers look, operators change.
		{"GET", "/campaigns", signedIn, listCampaigns},
		{"GET", "/campaigns/new", operators, newCampaign},
		{"POST", "/campaigns/new", operators, createCampaign}, // or only previews
		{"GET", "/campaigns/{campaign}", signedIn, showCampaign},
		{"POST", "/campaigns/{campaign}", operators, updateCampaign}, // or only previews
		{"POST", "/campaigns/{campaign}/status", operators, setCampaignStatus},

		// The postback log.
		{"GET", "/postbacks", signedIn, listPostbacks},
		{"GET", "/postbacks/{postback}", signedIn, showPostback},

		// The installation.
		{"GET", "/system", operators, showSystem},
	}
}
