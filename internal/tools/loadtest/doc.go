// Command loadtest owns the figures of docs/performance.md that Go benchmarks cannot give: what one
// operation costs the whole server, network and HTTP included.
//
// It runs the real server, and beside it a bare net/http handler that returns the JSON of UserInfo,
// each as a process of its own, both pinned to one core. It sends them the same number of
// connections in turns, and compares the CPU time that the kernel charged to each: a ratio that
// holds on other machines, and that other work on this one hardly disturbs.
//
//	process.go    the child processes: pinned, measured, ended
//	bare.go       the handler to compare with
//	folder.go     a data folder with vendors, customers and grants, made through the domain
//	client.go     one connection that sends requests and reads answers
//	shopper.go    a customer in a browser and the vendor beside, over one connection
//	operations.go what is measured, with the targets
//	measure.go    rounds, and their medians
//	report.go     the table
//	sizes.go      a large folder against a small one
//
// Nothing here decides about success by time: a figure that misses its target is printed as such.
// It never runs in the server; nothing imports it.
package main
