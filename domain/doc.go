// Package domain holds what every aggregate shares: identifiers, codes,
// errors, the shape of commands and events. It is pure: no context, clock,
// randomness or input and output anywhere below this folder. The clock's
// reading, the actor and the facts of other aggregates come in as arguments.
package domain
