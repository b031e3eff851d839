// Package api holds the REST API of the whole program to its description: what developers read, what
// vendors and customers' own programs may do, and that no request, however it is made, is answered
// with anything that the description does not say. Nobody imports this package.
package api
