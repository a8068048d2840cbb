package codectest

var InWords = inWords
