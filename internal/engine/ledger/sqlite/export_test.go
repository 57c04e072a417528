package sqlite

// Unsealed is for tests of the whole contract.
var Unsealed = unsealed
