package notice

// IsPublic is for tests.
var IsPublic = isPublic
