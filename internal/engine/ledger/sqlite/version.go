package sqlite

import "zombiezen.com/go/sqlite"

// EngineVersion is that of SQLite itself.
const EngineVersion = sqlite.Version
