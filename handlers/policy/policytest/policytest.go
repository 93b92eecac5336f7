// Package policytest gives tests the built-in policies in one word.
package policytest

import "github.com/casefile-engine/casefile/handlers/policy"

// BuiltIn is the book of the built-in policies. They are part of the program, so
// that they cannot be read is a defect of it.
func BuiltIn() *policy.Book {
	b, err := policy.Open()
	if err != nil {
		panic(err)
	}
	return b
}
