package main

import (
	"strings"
	"testing"

	"homing"
	"homing/internal/desk/control"
)

func TestAccountOutput(t *testing.T) {
	s := open(t, map[string]any{
		"POST /v1/accounts": acmeWithKey(), "PATCH /v1/accounts/1": acme, "GET /v1/accounts": []control.Account{acme},
		"DELETE /v1/accounts/1": control.Erasure{ID: 1, Erased: true},
	})
	s.prints(`Account 1, Acme, was created.
  key        `+secret+`
  public id  AbCdEf123456
The key is a secret between you and the advertiser's server; it is not shown here again.
Next: homing campaign create --account 1 --name NAME --url 'https://…?clickid={click_id}'
`, "account", "create", "--name", "Acme")
	s.prints(`{
  "id": 1,
  "name": "Acme",
  "key": "`+secret+`",
  "public_id": "AbCdEf123456",
  "ref": "adv-17",
  "multi_lead": true,
  "price_min": "0.01",
  "price_max": "200.00",
  "currency": "USD",
  "created": "2026-11-20T08:00:00.000Z"
}
`, "account", "create", "--name", "Acme", "--format", "json")
	table := `ID  NAME  PUBLIC ID     REF     MULTI LEAD  PRICE RANGE         CREATED (UTC)
 1  Acme  AbCdEf123456  adv-17  yes         0.01 to 200.00 USD  2026-11-20 08:00:00
`
	s.prints(table, "account", "list")
	s.prints("Account 1, Acme, is now:\n"+table, "account", "update", "1", "--name", "Acme")
	s.prints(`{"id":1,"name":"Acme","public_id":"AbCdEf123456","ref":"adv-17","multi_lead":true,"price_min":"0.01","price_max":"200.00","currency":"USD","created":"2026-11-20T08:00:00.000Z"}
`, "account", "list", "--format", "jsonl")
	s.prints("Account 1 was erased. Its conversions stay counted, without anything that names it.\n", "account", "delete", "1", "--yes")
	s.prints("{\"id\":1,\"erased\":true}\n", "account", "delete", "1", "--yes", "--format", "jsonl")
}

func TestKeyOutput(t *testing.T) {
	first := control.Key{ID: 1, Account: 1, Name: "first key", State: "active", Created: "2026-11-20T08:00:00.000Z", Expires: "2026-12-20T08:00:00.000Z", Uses: 17, LastUsed: "2026-11-21T08:00:00.000Z", OverHTTP: 2}
	second := control.Key{ID: 2, Account: 1, State: "active", Created: "2026-11-22T08:00:00.000Z"}
	made := second
	made.Key = secret
	s := open(t, map[string]any{
		"POST /v1/accounts/1/keys": made, "GET /v1/accounts/1/keys": []control.Key{first, second}, "DELETE /v1/accounts/1/keys/1": first,
	})
	s.prints(`Key 2 of account 1 was created.
  key  `+secret+`
It is a secret between you and the advertiser's server; it is not shown here again.
The keys from before end in 30d. Next: have the advertiser put in the new one until then.
`, "key", "rotate", "1")
	if want := `POST /v1/accounts/1/keys {"overlap":"30d"}`; s.asked[0] != want {
		t.Errorf("asked %s, want %s", s.asked[0], want)
	}
	s.prints(`{"id":2,"key":"`+secret+`","account":1,"state":"active","created":"2026-11-22T08:00:00.000Z","uses":0}
`, "key", "rotate", "1", "--overlap", "0", "--format", "jsonl")
	s.prints(`ID  STATE   NAME       CREATED (UTC)        EXPIRES (UTC)        USES  OVER HTTP  LAST USED (UTC)
 1  active  first key  2026-11-20 08:00:00  2026-12-20 08:00:00    17          2  2026-11-21 08:00:00
 2  active             2026-11-22 08:00:00                          0          0
`, "key", "list", "1")
	s.prints("Key 1 of account 1 has ended. Postbacks with it are refused.\n", "key", "revoke", "1", "1")
}

func TestCampaignOutput(t *testing.T) {
	made := spring
	made.Warnings = []string{"warning: There is no {click_id}: …"}
	s := open(t, map[string]any{
		"POST /v1/campaigns": made, "GET /v1/campaigns": []control.Campaign{spring}, "PATCH /v1/campaigns/4": spring,
	})
	s.prints(`Campaign 4, Spring, was created.
  click URL  https://t.example/c/slug
Next: put the click URL into the ad server. What it knows goes behind it: ?site_id=…&cost=…&sub1=…
`, "campaign", "create", "--account", "1", "--name", "Spring", "--url", "https://shop.example/", "--goal", "1=Install", "--goal", "2=Sale, big", "--default-value", "1.5", "--hold")
	if got := s.err.String(); got != "warning: There is no {click_id}: …\n" {
		t.Errorf("standard error: %q", got)
	}
	if want := `POST /v1/campaigns {"account":1,"name":"Spring","url":"https://shop.example/","default_value":"1.50","hold":true,"goals":[{"id":1,"name":"Install"},{"id":2,"name":"Sale, big"}]}`; s.asked[0] != want {
		t.Errorf("asked %s\nwant  %s", s.asked[0], want)
	}
	s.prints(`[
  {
    "id": 4,
    "click_url": "https://t.example/c/slug",
    "account": 1,
    "name": "Spring",
    "url": "https://shop.example/?a=1&c={click_id}",
    "status": "active",
    "window": "30d",
    "default_value": "1.50",
    "hold": false,
    "goals": [
      {
        "id": 1,
        "name": "Install"
      }
    ],
    "created": "2026-11-20T08:00:00.000Z"
  }
]
`, "campaign", "list", "--account", "1", "--format", "json")
	if want := "GET /v1/campaigns?account=1"; s.asked[0] != want {
		t.Errorf("asked %s", s.asked[0])
	}
	for flags, want := range map[string]string{
		"--default-value=":         `{"clear":["default_value"]}`,
		"--no-goals":               `{"clear":["goals"]}`,
		"--no-hold":                `{"hold":false}`,
		"--status paused":          `{"status":"paused"}`,
		"--window 1d12h --ref=":    `{"ref":"","window":"1d12h"}`,
		"--goal 7=Sale --name Sun": `{"name":"Sun","goals":[{"id":7,"name":"Sale"}]}`,
	} {
		if code := s.run(append([]string{"campaign", "update", "4"}, strings.Fields(flags)...)...); code != 0 || s.asked[0] != "PATCH /v1/campaigns/4 "+want {
			t.Errorf("%s: %d, asked %s", flags, code, s.asked)
		}
	}
}

func TestUserAndTraceOutput(t *testing.T) {
	link := control.UserLink{Email: "a@b.example", Link: "http://127.0.0.1:8081/welcome/x", Expires: "2026-11-29T09:00:00.000Z"}
	s := open(t, map[string]any{
		"POST /v1/users": link, "POST /v1/users/reset": link,
		"GET /v1/users":  []control.User{{ID: 1, Email: "a@b.example", Role: homing.RoleAdvertiser, Level: homing.Manager, Account: 3, Created: "2026-11-22T09:00:00.000Z", Invited: true}},
		"POST /v1/trace": control.Trace{Story: []byte(`{"click":{"sub1":"a&b"}}`), Lines: []string{"a visitor came", "from \x1b[31m elsewhere"}},
	})
	s.prints(`User a@b.example was created.
  link   http://127.0.0.1:8081/welcome/x
  until  2026-11-29 09:00:00 UTC
Send the link to that person only: it works once, for whoever opens it first.
`, "user", "create", "a@b.example", "--account", "3")
	if want := `POST /v1/users {"email":"a@b.example","account":3,"level":"owner"}`; s.asked[0] != want {
		t.Errorf("asked %s", s.asked[0])
	}
	s.prints(`User a@b.example may choose a new password.
  link   http://127.0.0.1:8081/welcome/x
  until  2026-11-29 09:00:00 UTC
Send the link to that person only: it works once, for whoever opens it first.
`, "user", "reset", "a@b.example", "--second-factor")
	if want := `POST /v1/users/reset {"email":"a@b.example","second_factor":true}`; s.asked[0] != want {
		t.Errorf("asked %s", s.asked[0])
	}
	s.prints(`ID  EMAIL        ROLE        LEVEL    ACCOUNT  STATE    CREATED (UTC)
 1  a@b.example  advertiser  manager        3  invited  2026-11-22 09:00:00
`, "user", "list")
	s.prints("a visitor came\nfrom \\x1b[31m elsewhere\n", "trace", "https://x.example/?k="+secret)
	s.prints(`{
  "click": {
    "sub1": "a&b"
  }
}
`, "trace", "x", "--format", "json")
}

func TestConversionOutput(t *testing.T) {
	first := control.Conversion{
		ID: 1, ClickID: id(0xab), Account: 1, Campaign: 4, LeadCode: "=HYPERLINK(1)", Status: homing.Approved,
		Value: homing.ValueOf(money("2.1")), Currency: "USD", At: "2026-11-22T09:00:00.000Z", ClickAt: "2026-11-22T08:00:00.000Z",
		Flags: []string{"test", "browser"}, Test: true, Price: money("0"),
	}
	second := control.Conversion{ID: 2, ClickID: id(0xcd), Account: 1, Campaign: 4, Goal: 1, LeadCode: "a,\"b\"", Status: homing.LateStatus, At: "2026-11-22T10:00:00.000Z", ClickAt: "2026-11-22T08:00:00.000Z", Flags: []string{}}
	s := open(t, map[string]any{"GET /v1/conversions": lines{first, second}})
	s.prints(`id,click_id,account,campaign,goal,lead_code,status,value,price,currency,at,click_at,test,flags,request_id
1,ab00000000000000000000000000000000000000,1,4,0,'=HYPERLINK(1),approved,2.10,0.00,USD,2026-11-22T09:00:00.000Z,2026-11-22T08:00:00.000Z,true,test browser,000000000000000000000000
2,cd00000000000000000000000000000000000000,1,4,1,"a,""b""",late,,0.00,,2026-11-22T10:00:00.000Z,2026-11-22T08:00:00.000Z,false,,000000000000000000000000
`, "conversions", "--format", "csv", "--account", "1", "--status", "late", "--since", "24h", "--until", "2026-11-23")
	if want := "GET /v1/conversions?account=1&since=2026-11-21T12%3A00%3A00.000Z&status=late&until=2026-11-23T00%3A00%3A00.000Z"; s.asked[0] != want {
		t.Errorf("asked %s", s.asked[0])
	}
	s.prints(`ID  AT (UTC)             STATUS    ACCOUNT  CAMPAIGN  GOAL  VALUE  CLICK ID                                  LEAD CODE      FLAGS
 1  2026-11-22 09:00:00  approved        1         4     0   2.10  ab00000000000000000000000000000000000000  =HYPERLINK(1)  test,browser
 2  2026-11-22 10:00:00  late            1         4     1         cd00000000000000000000000000000000000000  a,"b"
`, "conversions")
	s.answers["GET /v1/conversions"] = lines{second}
	s.prints(`{"id":2,"click_id":"cd00000000000000000000000000000000000000","account":1,"campaign":4,"goal":1,"lead_code":"a,\"b\"","status":"late","value":null,"price":"0.00","currency":"","at":"2026-11-22T10:00:00.000Z","click_at":"2026-11-22T08:00:00.000Z","test":false,"flags":[],"request_id":"000000000000000000000000"}
`, "conversions", "--format", "jsonl")
}

func TestEmptyLists(t *testing.T) {
	s := open(t, map[string]any{"GET /v1/conversions": lines{}, "GET /v1/accounts": []control.Account{}})
	s.prints("[]\n", "conversions", "--format", "json")
	s.prints("", "conversions", "--format", "jsonl")
	s.prints("[]\n", "account", "list", "--format", "json")
}

func TestPostbackOutput(t *testing.T) {
	counted := control.Postback{At: "2026-11-22T09:00:00.000Z", Addr: "192.0.2.0", Target: "/api/v1/cpa/action/x?key=key:0a1b2c\x1b", Account: 1, Value: homing.ValueOf(money("2")), Result: homing.Counted, Reason: homing.ReasonCounted, Status: 200, Flags: []string{}, Count: 1}
	tally := control.Postback{At: "2026-11-22T09:00:01.000Z", Addr: "192.0.2.0", Result: homing.Refused, Reason: homing.ReasonCodeMacro, Status: 400, Flags: []string{}, Count: 250}
	s := open(t, map[string]any{"GET /v1/postbacks": lines{counted, tally}})
	s.prints(`AT (UTC)             RESULT        REASON              ANSWER  ACCOUNT    VALUE  FROM           FLAGS  CALL
2026-11-22 09:00:00  counted       counted                200        1     2.00  192.0.2.0             /api/v1/cpa/action/x?key=key:0a1b2c\x1b
2026-11-22 09:00:01  refused ×250  `+pad(homing.ReasonCodeMacro.String(), 18)+`     400        -           192.0.2.0
`, "postbacks", "--result", "refused", "--limit", "5", "--account", "1")
	if want := "GET /v1/postbacks?account=1&limit=5&result=refused"; s.asked[0] != want {
		t.Errorf("asked %s", s.asked[0])
	}
	s.run("postbacks", "--tail", "--format", "jsonl")
	if want := "GET /v1/postbacks?tail=1"; s.asked[0] != want || strings.Count(s.out.String(), "\n") != 2 {
		t.Errorf("asked %s, got %s", s.asked[0], s.out.String())
	}
}

func pad(text string, width int) string { return text + strings.Repeat(" ", width-len(text)) }

// TestListThatBreaksOff must not print a document that looks whole.
func TestListThatBreaksOff(t *testing.T) {
	broken := lines{
		control.Click{ClickID: id(1), At: "2026-11-22T09:00:00.000Z"},
		map[string]any{"problem": control.Problem{Kind: "damaged", Message: "block 7: damaged"}},
	}
	for format, want := range map[string]string{"json": "[\n  {", "jsonl": "{", "table": "AT (UTC)"} {
		s := open(t, map[string]any{"GET /v1/clicks": broken})
		code := s.run("clicks", "--format", format)
		if code != 1 || s.err.String() != "homing: block 7: damaged\n" || !strings.HasPrefix(s.out.String(), want) || strings.HasSuffix(s.out.String(), "]\n") {
			t.Errorf("%s: %d %q %q", format, code, s.err.String(), s.out.String())
		}
	}
}

func TestImportOutput(t *testing.T) {
	s := open(t, map[string]any{"POST /v1/import": control.Imported{
		Accounts: control.ImportCount{Created: 2, Unchanged: 1}, Campaigns: control.ImportCount{Changed: 3}, KeysAdded: 4,
		ClickURLs: []control.ImportedCampaign{{ID: 1, Account: 1, Ref: "cmp", ClickURL: "https://t.example/c/x"}},
	}})
	s.in = `{"ref":"x"}`
	s.prints(`           CREATED  CHANGED  UNCHANGED
accounts         2        0          1
campaigns        0        3          0
4 keys were added. The click URLs are in homing campaign list.
`, "import", "-")
	if want := `POST /v1/import {"ref":"x"}`; s.asked[0] != want {
		t.Errorf("asked %s", s.asked[0])
	}
}

func TestCellsAreNoFormulas(t *testing.T) {
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "x=1": "x=1", "": "", "1.50": "1.50",
	} {
		if got := noFormula(cell); got != want {
			t.Errorf("%q became %q", cell, got)
		}
	}
}

// TestLongTable grows its widths as it goes on.
func TestLongTable(t *testing.T) {
	var clicks lines
	for i := range 3 * rowsAtOnce {
		c := control.Click{ClickID: id(byte(i)), At: "2026-11-22T09:00:00.000Z", Campaign: homing.CampaignID(1 + i*1_000_000)}
		clicks = append(clicks, c)
	}
	s := open(t, map[string]any{"GET /v1/clicks": clicks})
	if code := s.run("clicks"); code != 0 || strings.Count(s.out.String(), "\n") != 1+len(clicks) || strings.Count(s.out.String(), "CAMPAIGN") != 1 {
		t.Errorf("%d, %d lines", code, strings.Count(s.out.String(), "\n"))
	}
}
