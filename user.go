package homing

// Role is what a user may see and do.
type Role uint8

const (
	// RoleOperator runs the installation: every account, every setting.
	RoleOperator Role = iota + 1
	// RoleAdvertiser belongs to one account and sees nothing of any other.
	RoleAdvertiser
)

var roles = map[string]Role{"operator": RoleOperator, "advertiser": RoleAdvertiser}

func (r Role) String() string { return nameOf(roles, r) }

// MarshalText writes the role's name.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a role's name.
func (r *Role) UnmarshalText(text []byte) (err error) {
	*r, err = valueOf(roles, "role", string(text))
	return err
}

// User is a person who signs in to the panel.
type User struct {
	ID      UserID    `json:"id"`
	Email   string    `json:"email"` // lower case; how the user signs in
	Role    Role      `json:"role"`
	Account AccountID `json:"account,omitempty"` // 0 for operators
	// Password is the encoded argon2id hash, empty until it is chosen over a
	// one-time link.
	Password string `json:"-"`
	Created  Millis `json:"created"`
	Disabled bool   `json:"disabled,omitempty"`
	// Level is what the user may do among the own people.
	Level Level `json:"level"`
	// HideMoney leaves amounts out of all that the user sees.
	HideMoney bool `json:"hide_money,omitempty"`
	// Zone is the IANA time zone that times are shown in; "" = the
	// installation's.
	Zone string `json:"zone,omitempty"`
	// TOTP is the sealed secret of the second factor (Keyring.SealSecret), empty
	// if there is none. TOTPStep is the last time step that was used: a code
	// opens the door once.
	TOTP     []byte `json:"-"`
	TOTPStep int64  `json:"-"`
	// Recovery are the hashes of the codes that stand in for the second factor,
	// each once.
	Recovery []KeyHash `json:"-"`
}

// Level is what a user may do, of what the role allows. Each may do what those
// before it may.
type Level uint8

const (
	// ReadOnly looks at everything but secrets.
	ReadOnly Level = iota + 1
	// Manager does the daily work: campaigns, conversions, keys, tests.
	Manager
	// Owner decides about people, tokens and the installation besides.
	Owner
)

var levels = map[string]Level{"read-only": ReadOnly, "manager": Manager, "owner": Owner}

func (l Level) String() string { return nameOf(levels, l) }

// AtLeast tells whether the level includes least.
func (l Level) AtLeast(least Level) bool { return l >= least }

// MarshalText writes the level's name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads a level's name.
func (l *Level) UnmarshalText(text []byte) (err error) {
	*l, err = valueOf(levels, "level", string(text))
	return err
}
