package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"homing"
)

// desk gives the answers; its methods are in files by what they are about.
type desk struct{ Desk }

type route struct {
	pattern string
	command string // which command asks
	answer  http.HandlerFunc
}

// routes is everything that can be asked.
func (d desk) routes() []route {
	return []route{
		{"GET /v1/status", "simulate", told(d.status)},

		{"GET /v1/accounts", "account list", told(d.accounts)},
		{"POST /v1/accounts", "account create", told(d.createAccount)},
		{"PATCH /v1/accounts/{account}", "account update", told(d.updateAccount)},
		{"DELETE /v1/accounts/{account}", "account delete", told(d.eraseAccount)},

		{"GET /v1/accounts/{account}/keys", "key list", told(d.keys)},
		{"POST /v1/accounts/{account}/keys", "key rotate", told(d.rotateKey)},
		{"DELETE /v1/accounts/{account}/keys/{key}", "key revoke", told(d.revokeKey)},

		{"GET /v1/users", "user list", told(d.users)},
		{"POST /v1/users", "user create", told(d.inviteUser)},
		{"POST /v1/users/reset", "user reset", told(d.resetUser)},

		{"GET /v1/campaigns", "campaign list", told(d.campaigns)},
		{"POST /v1/campaigns", "campaign create", told(d.createCampaign)},
		{"PATCH /v1/campaigns/{campaign}", "campaign update", told(d.updateCampaign)},

		{"POST /v1/import", "import", told(d.importLines)},
		{"POST /v1/trace", "trace", told(d.trace)},
		{"POST /v1/replay", "replay", told(d.replay)},

		{"GET /v1/conversions", "conversions", listed(d.conversions)},
		{"POST /v1/conversions/changes", "conversions approve", told(d.changeConversions)},
		{"GET /v1/postbacks", "postbacks", listed(d.postbacks)},
		{"GET /v1/clicks", "clicks", listed(d.clicks)},

		{"GET /v1/report", "report", told(d.report)},
		{"GET /v1/report/{format}", "report --format csv", poured(d.exportReport)},
		{"GET /v1/export/{table}/{format}", "export", poured(d.exportList)},
		{"GET /v1/warehouse", "warehouse status", told(d.showWarehouse)},
		{"POST /v1/warehouse/rebuild", "warehouse rebuild", listed(d.rebuild)},
		{"POST /v1/doctor", "doctor", listed(d.doctor)},
		{"GET /v1/places/{addr...}", "geoip test", told(d.places)},

		{"GET /v1/tokens", "token list", told(d.tokens)},
		{"POST /v1/tokens", "token create", told(d.makeToken)},
		{"DELETE /v1/tokens/{token}", "token revoke", told(d.revokeToken)},
		{"GET /v1/masterkeys", "masterkey list", told(d.masterKeys)},
		{"POST /v1/masterkeys", "masterkey rotate", told(d.rotateMasterKey)},
		{"POST /v1/erase/click", "erase click", told(d.eraseClick)},
		{"GET /v1/erasures", "erase list", listed(d.erasures)},
		{"POST /v1/backup", "backup", listed(d.backup)},
	}
}

// told adapts an answer that is one JSON document.
func told(answer func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := answer(r)
		if err != nil {
			writeProblem(w, err)
			return
		}
		writeJSON(w, http.StatusOK, v)
	}
}

// maxBody bounds what a request may carry, imports aside.
const maxBody = 1 << 20

// read takes a request's JSON. Unknown fields are refused, because a client
// that sends them means something that would not happen.
func read[T any](r *http.Request) (v T, err error) {
	text, err := readBody(r, maxBody)
	if err != nil {
		return v, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, invalidJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return v, fmt.Errorf("%w request: it holds more than one JSON document", homing.ErrInvalid)
	}
	return v, nil
}

// invalidJSON keeps the kind of an error that a word of ours gave.
func invalidJSON(err error) error {
	if errors.Is(err, homing.ErrInvalid) {
		return err
	}
	return fmt.Errorf("%w request: %w", homing.ErrInvalid, err)
}

func readBody(r *http.Request, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w request: couldn't read it: %w", homing.ErrInvalid, err)
	case int64(len(text)) > most:
		return nil, fmt.Errorf("%w request: it is larger than %d MiB", homing.ErrInvalid, most>>20)
	}
	return text, nil
}

// number reads a number out of the path.
func number[T ~uint32](r *http.Request, name string) (T, error) {
	text := r.PathValue(name)
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%w %s %q: want its number, from 1 on", homing.ErrInvalid, name, text)
	}
	return T(n), nil
}

func (d desk) status(*http.Request) (any, error) {
	s := d.Status()
	s.Warehouse = d.warehouseStatus()
	return s, nil
}

// when writes a moment; none is "".
func when(at homing.Millis) string {
	if at == 0 {
		return ""
	}
	return at.String()
}
