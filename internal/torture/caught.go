package torture

// Caught tells which deliberate mistakes were caught: by the row's name and the
// mistake's, what the row said first; "" if it did not notice.
type Caught map[string]map[string]string

// CaughtFile is where make torture-mistakes notes what was caught, for make
// torture to tell in its table.
const CaughtFile = "caught.json"
