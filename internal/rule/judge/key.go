package judge

import (
	"crypto/subtle"

	"homing"
	"homing/internal/rule/target"
)

// checkKey checks the key, if there is one or should be one. A wrong key is
// never passed over, for its sender believes to be protected by it.
func (r *Ruling) checkKey(params *target.Params, anyKey bool, p Parties, now homing.Millis) homing.Reason {
	key, lead := params.Key, len(params.Lead) > 0
	switch {
	case anyKey:
		r.KeyPassed = true
		return mayLead(lead, p.Account)
	case len(key) == 0 && lead:
		return homing.ReasonKeyMissing
	case len(key) == 0 && len(params.Price) > 0:
		return homing.ReasonKeyMissingForPrice
	case len(key) == 0:
		return homing.ReasonNone
	case !keyShaped(key) || p.Key == nil || !opens(p.Key, key):
		return diagnoseKey(key)
	case p.Key.Account != p.Account.ID:
		return homing.ReasonKeyOtherAccount
	}
	switch p.Key.State(now) {
	case homing.KeyRevoked:
		return homing.ReasonKeyRevoked
	case homing.KeyExpired:
		return homing.ReasonKeyExpired
	}
	r.KeyPassed, r.Key = true, p.Key.ID
	r.Verdict.Flags |= flag(p.Key.Expires != 0, homing.FlagOldKey)
	return mayLead(lead, p.Account)
}

// mayLead tells whether the account may send lead codes, if there is one.
func mayLead(lead bool, account *homing.Account) homing.Reason {
	if lead && !account.MultiLead {
		return homing.ReasonMultiLeadForbidden
	}
	return homing.ReasonNone
}

// opens tells whether the key that was sent is the stored one. Whoever looked
// it up did so by its hash; this is where the credential is checked.
func opens(stored *homing.Key, sent []byte) bool {
	hash := homing.HashKey(sent)
	return subtle.ConstantTimeCompare(hash[:], stored.Hash[:]) == 1
}

// keyShaped tells whether a text could be a key at all; what could not is
// never hashed, however long it is.
func keyShaped(text []byte) bool {
	if len(text) < homing.MinKeyLen || len(text) > homing.MaxKeyLen {
		return false
	}
	for _, c := range text {
		if !homing.IsAlnum(c) {
			return false
		}
	}
	return true
}

func diagnoseKey(key []byte) homing.Reason {
	switch {
	case unreplaced(key):
		return homing.ReasonKeyMacro
	case !keyShaped(key):
		return homing.ReasonKeyShape
	}
	return homing.ReasonKeyWrong
}
