package main

import (
	"fmt"
	"maps"
	"net/mail"
	"unicode/utf8"
)

// A Proposal is the value of a session: a talk that is proposed to a conference.
type Proposal struct {
	Answers map[string]string // as they were typed, by the field's name
	Number  string            // of the last proposal that was sent
}

// A step is one page of the form.
type step struct {
	Title  string
	Fields []field
}

// A field asks for one answer.
type field struct {
	Name, Label string
	check       func(answer string) (problem string)
}

var steps = []step{
	{"Who are you?", []field{{"name", "Name", atMost(60)}, {"email", "Email address", email}}},
	{"Your talk", []field{{"title", "Title", atMost(80)}, {"abstract", "What is it about?", atMost(1000)}}},
	{"Your journey", []field{{"from", "Where will you come from?", atMost(60)}}},
}

func atMost(n int) func(string) string {
	return func(answer string) string {
		switch {
		case answer == "":
			return "Please fill this in."
		case !utf8.ValidString(answer) || utf8.RuneCountInString(answer) > n:
			return fmt.Sprintf("Please use at most %d characters.", n)
		}
		return ""
	}
}

func email(answer string) string {
	if _, err := mail.ParseAddress(answer); err != nil || len(answer) > 200 {
		return "Please give an address such as ada@example.com."
	}
	return ""
}

// Problem returns the problem of the field's answer, and nothing before the step was
// sent for the first time.
func (f field) Problem(answers map[string]string) string {
	if answer, sent := answers[f.Name]; sent {
		return f.check(answer)
	}
	return ""
}

// complete reports whether all fields of the step have good answers.
func (s step) complete(answers map[string]string) bool {
	for _, f := range s.Fields {
		if _, sent := answers[f.Name]; !sent || f.Problem(answers) != "" {
			return false
		}
	}
	return true
}

// answer keeps the answers of one step.
func (p *Proposal) answer(answers map[string]string) {
	if p.Answers == nil {
		p.Answers = map[string]string{}
	}
	maps.Copy(p.Answers, answers)
}

// reached returns the number of the first step that is not complete.
func (p Proposal) reached() int {
	for n, s := range steps {
		if !s.complete(p.Answers) {
			return n
		}
	}
	return len(steps)
}

// nextPage returns the page where the visitor goes on.
func (p Proposal) nextPage() string { return pageOf(p.reached()) }

func pageOf(step int) string {
	if step == len(steps) {
		return "/review"
	}
	return fmt.Sprintf("/steps/%d", step)
}

// send empties a complete proposal and returns its answers. It returns nil, and
// changes nothing, if the proposal is not complete or was sent already.
func (p *Proposal) send(number string) map[string]string {
	if p.reached() < len(steps) {
		return nil
	}
	answers := p.Answers
	*p = Proposal{Number: number}
	return answers
}
