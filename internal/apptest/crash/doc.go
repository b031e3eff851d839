// Package crash holds the proof that consent survives being killed: at random moments of approving,
// editing, withdrawing and telling vendors a child process is ended with SIGKILL, two hundred times,
// and each time grants, capsules, receipts and events tell one and the same story. Nobody imports
// this package.
package crash
