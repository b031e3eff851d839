package app

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// secrets reads what only the customer knows: from a file, the environment, standard input, or the
// terminal without echo. Never from the command line, which every process on the machine sees.
type secrets struct {
	streams *streams
	lines   *bufio.Reader // of standard input; more than one secret may be read from it
}

// source says where one secret comes from. The first that is set counts.
type source struct {
	what   string // for messages and the prompt
	flag   string
	file   string // "-" is one line of standard input
	env    string // the variable that may hold it; empty when none may
	repeat bool   // at the terminal: ask twice, for nobody sees what is typed
}

// given says whether there is a secret without asking a person.
func (f source) given() bool { return f.file != "" || f.env != "" && os.Getenv(f.env) != "" }

var errDiffer = errors.New("the two entries differ")

// read gives the secret without the end of its line; an empty one is a mistake.
func (s *secrets) read(f source) (string, error) {
	secret, err := s.text(f)
	secret = strings.TrimSuffix(strings.TrimSuffix(secret, "\n"), "\r")
	switch {
	case err != nil:
		return "", usageError{fmt.Errorf("%s: %w", f.what, err)}
	case secret == "":
		return "", usageError{fmt.Errorf("%s: is empty", f.what)}
	case strings.ContainsAny(secret, "\r\n"):
		return "", usageError{fmt.Errorf("%s: more than one line", f.what)}
	}
	return secret, nil
}

func (s *secrets) text(f source) (string, error) {
	switch {
	case f.file == "-":
		return s.line()
	case f.file != "":
		b, err := os.ReadFile(f.file)
		return string(b), err
	case f.given():
		return os.Getenv(f.env), nil
	}
	return s.ask(f)
}

// line takes the next line of standard input.
func (s *secrets) line() (string, error) {
	if s.lines == nil {
		s.lines = bufio.NewReader(s.streams.in)
	}
	line, err := s.lines.ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil // the last line may lack its end
	}
	return line, err
}

// ask prompts on standard error, so that standard output holds nothing but the answer.
func (s *secrets) ask(f source) (string, error) {
	in, ok := s.streams.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		hint := "use --" + f.flag
		if f.env != "" {
			hint += " or " + f.env
		}
		return "", fmt.Errorf("there is no terminal to ask at; %s", hint)
	}
	first, err := s.prompt(in, f.what)
	if err != nil || !f.repeat {
		return first, err
	}
	second, err := s.prompt(in, f.what+", again")
	if err == nil && first != second {
		err = errDiffer
	}
	return first, err
}

func (s *secrets) prompt(in *os.File, what string) (string, error) {
	_, _ = fmt.Fprintf(s.streams.err, "%s: ", what)
	b, err := term.ReadPassword(int(in.Fd()))
	_, _ = fmt.Fprintln(s.streams.err)
	return string(b), err
}
