// Package clock gives the time to what needs it, so that tests can set it.
package clock

import "time"

// Clock tells the time in UTC.
type Clock interface{ Now() time.Time }

// System is the machine's clock.
type System struct{}

// Now is the machine's time in UTC.
func (System) Now() time.Time { return time.Now().UTC() }

// Func makes a Clock of a function.
type Func func() time.Time

// Now calls f.
func (f Func) Now() time.Time { return f().UTC() }
