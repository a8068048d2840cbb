// Package faults holds tests only: the fate of requests when something
// breaks. Each sends HTTP requests through the whole of the framework to real
// servers, which it kills, stops, fills up or cuts off on the way.
//
// The README of the folder above says which test is for which fault.
package faults
