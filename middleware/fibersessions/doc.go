// Package fibersessions gives sessions to programs on fiber and fasthttp.
//
//	carts, err := sessions.New(store, nil)
//	...
//	app := fiber.New()
//	app.Use(fibersessions.New(carts.Handler))
//	app.Post("/items", func(c fiber.Ctx) error {
//		cart, err := sessions.FromContext[Cart](c.Context())
//		if err != nil {
//			return err
//		}
//		cart.Update(func(v *Cart) { v.Items = append(v.Items, "tea") })
//		return c.SendString("added")
//	})
//
// Do not use fiber's adaptor.HTTPMiddleware: it runs fiber's handlers when the manager's
// handler has returned, and so after the session was saved.
//
// Each request gets a [net/http.Request] of its own, for the manager. That adds about the
// cost of net/http's parsing to a request. Flash messages, log-ins, errors and cookies
// are as everywhere. Three things differ from net/http:
//
//   - The response begins when the last handler has returned, so a session can be changed
//     until then, and no change comes too late. A stream that fiber sends afterwards
//     cannot change the session.
//   - A client that goes away is not noticed, so [sessions.Manager.Watch] ends with the
//     session only, and its context must be ended by the stream itself.
//   - An upgrade to a WebSocket is a response too: the session is saved, and its cookie sent,
//     before the connection is taken over. The connection's function runs afterwards, and
//     must commit the session itself.
package fibersessions
