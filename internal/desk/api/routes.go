package api

import (
	"net/http"

	"homing"
	"homing/internal/engine/warehouse"
	"homing/internal/flow/amend"
	"homing/internal/flow/report"
)

// routes is the API: every route, whose tokens may use it and with which scope,
// and what is said both ways. The tests try each of them with every sort of
// token; a route without such a case fails them.
func routes() []route {
	const ok, created, accepted = http.StatusOK, http.StatusCreated, http.StatusAccepted
	return []route{
		{
			method: "GET", pattern: "/openapi.json", who: anyone, handle: showOpenAPI,
			id: "openapi", summary: "This document",
			answers: []answer{{status: ok, about: "An OpenAPI 3.1 document.", body: map[string]any{}}},
		},

		// What happened, as figures.
		{
			method: "GET", pattern: "/reports", who: everybody, scope: homing.ScopeReports, handle: answerReport,
			id: "report", summary: "A report", params: reportParams,
			about:   "Figures of any range, broken down by up to four dimensions. With format a file is streamed, without totals and rest. " + noDemos,
			answers: []answer{{status: ok, about: "The table, or the file.", body: &report.Table{}, files: files}},
		},

		// What happened, row by row.
		{
			method: "GET", pattern: "/clicks", who: everybody, scope: homing.ScopeClicks,
			handle: list(warehouse.ClickTable, Reports.Clicks),
			id:     "clicks", summary: "Clicks", params: listParams(warehouse.ClickTable), about: noDemos,
			answers: []answer{{status: ok, about: "A page, newest first unless asked otherwise, or the file.", body: report.Page[report.Click]{}, files: files}},
		},
		{
			method: "GET", pattern: "/clicks/{click_id}", who: everybody, scope: homing.ScopeClicks | homing.ScopeConversions, handle: showClick,
			id: "click", summary: "One click with its conversions",
			answers: []answer{{status: ok, about: "The click, and its conversions as they stand.", body: ClickStory{}}},
		},
		{
			method: "GET", pattern: "/postbacks", who: everybody, scope: homing.ScopePostbacks,
			handle: list(warehouse.PostbackTable, Reports.Postbacks),
			id:     "postbacks", summary: "The postback log", params: listParams(warehouse.PostbackTable), about: noDemos,
			answers: []answer{{status: ok, about: "A page, newest first unless asked otherwise, or the file.", body: report.Page[report.Postback]{}, files: files}},
		},
		{
			method: "GET", pattern: "/conversions", who: everybody, scope: homing.ScopeConversions, handle: readFeed,
			id: "feed", summary: "The feed: conversions and changes of their status", params: feedParams,
			about: "Every conversion and every change of a status, once each, in the order they were committed, without gaps. " +
				"Keep next, and send it as after. With wait the answer comes as soon as there is something. " +
				"Conversions of demo accounts stand in the feed of their own tokens only.",
			answers: []answer{{status: ok, about: "What is behind the cursor; no rows if there is nothing.", body: Feed{}}},
		},
		{
			method: "GET", pattern: "/conversions/search", who: everybody, scope: homing.ScopeConversions,
			handle: list(warehouse.ConversionTable, Reports.Conversions),
			id:     "conversions", summary: "Conversions by filters", params: listParams(warehouse.ConversionTable),
			about:   "Each conversion once, as it stands. To keep a copy of your own up to date, read the feed instead. " + noDemos,
			answers: []answer{{status: ok, about: "A page, newest first unless asked otherwise, or the file.", body: report.Page[report.Conversion]{}, files: files}},
		},

		{
			method: "PATCH", pattern: "/conversions/{conversion}", who: operators, scope: homing.ScopeConversionsWrite, handle: changeConversion,
			id: "changeConversion", summary: "Approve, reject or restore a conversion, or accept a late one", body: ChangeBody{},
			about: "The change and its reason are kept in the conversion's history and stand in the feed; reports follow within seconds. " +
				"Repeating it changes nothing. With from it is only done if the conversion stands there.",
			answers: []answer{{status: ok, about: "The conversion as it stands now.", body: Conversion{}}},
		},
		{
			method: "POST", pattern: "/conversions/changes", who: operators, scope: homing.ScopeConversionsWrite, handle: changeConversions,
			id: "changeConversions", summary: "Change up to 10,000 conversions", params: changesParams, body: []ChangeItem{}, largest: amend.MaxText,
			about: "Each is done by itself: those that cannot be done are told in the answer, and the others are done all the same. " +
				"A conversion that somebody else changed meanwhile is left alone.",
			answers: []answer{{status: ok, about: "What became of each line, in its order; with dry_run what would.", body: Changes{}}},
		},

		// Accounts, their keys and campaigns.
		{
			method: "GET", pattern: "/accounts", who: everybody, scope: homing.ScopeSettings, handle: listAccounts,
			id: "accounts", summary: "Accounts", params: pageParams,
			answers: []answer{{status: ok, about: "A page, oldest first.", body: Page[Account]{}}},
		},
		{
			method: "GET", pattern: "/accounts/{account}", who: everybody, scope: homing.ScopeSettings, handle: showAccount,
			id: "account", summary: "One account",
			answers: []answer{{status: ok, about: "The account.", body: Account{}}},
		},
		{
			method: "PUT", pattern: "/accounts/{account}", who: operators, scope: homing.ScopeSettingsWrite, handle: putAccount,
			id: "putAccount", summary: "Make or change an account", body: AccountBody{},
			about:   "What the body leaves out keeps its value, or begins with the default. Repeating it changes nothing. A new account needs a name, and has no key.",
			answers: []answer{{status: ok, about: "It was there.", body: Account{}}, {status: created, about: "It was made.", body: Account{}}},
		},
		{
			method: "GET", pattern: "/accounts/{account}/keys", who: everybody, scope: homing.ScopeSettings, handle: listKeys,
			id: "keys", summary: "An account's keys", params: pageParams,
			answers: []answer{{status: ok, about: "A page, oldest first, without the keys' texts.", body: Page[Key]{}}},
		},
		{
			method: "GET", pattern: "/accounts/{account}/keys/{key}", who: everybody, scope: homing.ScopeSettings, handle: showKey,
			id: "key", summary: "One key, by its name",
			answers: []answer{{status: ok, about: "The key, without its text.", body: Key{}}},
		},
		{
			method: "PUT", pattern: "/accounts/{account}/keys/{key}", who: everybody, scope: homing.ScopeSettingsWrite, handle: putKey,
			id: "putKey", summary: "Give an account a key", body: KeyBody{},
			about: "The body may bring the key that the account has at present. Without one a new key is made, and told in this answer only. " +
				"If there is an active key of the name already, nothing changes and no text is told.",
			answers: []answer{{status: ok, about: "It was there.", body: Key{}}, {status: created, about: "It was made.", body: Key{}}},
		},
		{
			method: "DELETE", pattern: "/accounts/{account}/keys/{key}", who: everybody, scope: homing.ScopeSettingsWrite, handle: revokeKey,
			id: "revokeKey", summary: "Revoke a key",
			about:   "It opens nothing from now on. The key stays in the list, as revoked.",
			answers: []answer{{status: http.StatusNoContent, about: "It is revoked."}},
		},
		{
			method: "GET", pattern: "/accounts/{account}/campaigns", who: everybody, scope: homing.ScopeSettings, handle: listCampaigns,
			id: "campaigns", summary: "An account's campaigns", params: pageParams,
			answers: []answer{{status: ok, about: "A page, oldest first.", body: Page[Campaign]{}}},
		},
		{
			method: "GET", pattern: "/accounts/{account}/campaigns/{campaign}", who: everybody, scope: homing.ScopeSettings, handle: showCampaign,
			id: "campaign", summary: "One campaign",
			answers: []answer{{status: ok, about: "The campaign, with its click URL.", body: Campaign{}}},
		},
		{
			method: "PUT", pattern: "/accounts/{account}/campaigns/{campaign}", who: operators, scope: homing.ScopeSettingsWrite, handle: putCampaign,
			id: "putCampaign", summary: "Make or change a campaign", body: CampaignBody{},
			about:   "As with accounts. A new campaign needs a name and a url.",
			answers: []answer{{status: ok, about: "It was there.", body: Campaign{}}, {status: created, about: "It was made.", body: Campaign{}}},
		},

		// Erasure.
		{
			method: "POST", pattern: "/erasures", who: operators, scope: homing.ScopeSettingsWrite, handle: erase,
			id: "erase", summary: "Erase what is known of a click, or of an account", body: ErasureBody{},
			about:   "It cannot be undone. Lead codes, addresses and parameters go; counts, values and uniqueness stay. The ledger has done it when this returns; reports and archives follow.",
			answers: []answer{{status: accepted, about: "It is erased in the ledger, and under way everywhere else.", body: Erasure{}}},
		},
	}
}

// noDemos is said of what leaves made-up records out.
const noDemos = "Demo accounts are made up, and are left out unless the token is of one, or a condition names one or a campaign of it: where=account=3."

// files are the media types of exports.
var files = []string{report.CSV.ContentType(), report.JSONLines.ContentType(), report.Parquet.ContentType()}
