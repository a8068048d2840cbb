package routers

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/seed48429006/sessions"
)

// Gin mounts the sessions around a gin engine. Gin's middlewares are all
// within; to drop the changes of a handler that panics, its Recovery says so.
func Gin(carts *sessions.Manager[Cart]) http.Handler {
	r := gin.New()
	r.Use(gin.CustomRecovery(func(c *gin.Context, _ any) {
		if cart, err := sessions.Get[Cart](c.Request); err == nil {
			cart.Discard()
		}
		c.AbortWithStatus(http.StatusInternalServerError)
	}))
	ginRoutes(r)
	return carts.Handler(r)
}

// GinInside has the plain Recovery: changes that a handler made before it
// panicked are saved.
func GinInside(carts *sessions.Manager[Cart]) http.Handler {
	r := gin.New()
	r.Use(gin.Recovery())
	ginRoutes(r)
	return carts.Handler(r)
}

// GinNested mounts them below another engine, whose Recovery is around them.
func GinNested(carts *sessions.Manager[Cart]) http.Handler {
	r := gin.New()
	ginRoutes(r)
	outer := gin.New()
	outer.Use(gin.Recovery())
	outer.Any("/*path", gin.WrapH(carts.Handler(r)))
	return outer
}

// ginCart is sessions.Handle for handlers in gin's style.
func ginCart(h func(*gin.Context, *sessions.Session[Cart])) gin.HandlerFunc {
	return func(c *gin.Context) {
		cart, err := sessions.Get[Cart](c.Request)
		if err != nil {
			sessions.Fail[Cart](c.Writer, c.Request, err)
			c.Abort()
			return
		}
		h(c, cart)
	}
}

func ginAdd(c *gin.Context, cart *sessions.Session[Cart]) {
	sku := c.Param("sku")
	cart.Update(func(c *Cart) { c.Items = append(c.Items, sku) })
	c.String(http.StatusOK, "%d items\n", len(cart.Value().Items))
}

func ginRoutes(r *gin.Engine) {
	r.GET("/about", func(c *gin.Context) { c.String(http.StatusOK, "a shop") })
	r.GET("/cart", ginCart(ginShow))
	r.POST("/items/:sku", ginCart(ginAdd))
	r.POST("/login", ginCart(ginLogin))
	r.POST("/logout", gin.WrapH(sessions.Handle(logout)))
	r.POST("/silent", ginCart(ginSilent))
	r.POST("/refuse", ginCart(ginRefuse))
	r.POST("/stream", ginCart(ginStream))
	r.POST("/late", ginCart(ginLate))
	r.POST("/upgrade", ginCart(ginUpgrade))
	r.POST("/panic", ginCart(ginCrash))
	r.POST("/panic/logout", gin.WrapH(sessions.Handle(crashAtLogout)))
}

func ginShow(c *gin.Context, cart *sessions.Session[Cart]) {
	c.String(http.StatusOK, "%s %v", cart.Value().Customer, cart.Value().Items)
}

func ginLogin(c *gin.Context, cart *sessions.Session[Cart]) {
	customer := c.PostForm("customer")
	cart.LogIn(func(c *Cart) { c.Customer = customer })
	c.Redirect(http.StatusSeeOther, "/cart")
}

func ginSilent(c *gin.Context, cart *sessions.Session[Cart]) {
	appendItem(cart, "silence")
	c.Status(http.StatusNoContent)
}

func ginRefuse(c *gin.Context, cart *sessions.Session[Cart]) {
	appendItem(cart, "refusal")
	c.AbortWithStatusJSON(http.StatusTeapot, gin.H{"message": "no"})
}

func ginStream(c *gin.Context, cart *sessions.Session[Cart]) {
	appendItem(cart, "stream")
	c.String(http.StatusOK, "first ")
	c.Writer.Flush()
	<-Halfway
	c.Writer.WriteString("second")
}

func ginLate(c *gin.Context, cart *sessions.Session[Cart]) {
	c.String(http.StatusOK, "begun")
	c.Writer.Flush()
	appendItem(cart, "latecomer")
}

func ginUpgrade(c *gin.Context, cart *sessions.Session[Cart]) {
	appendItem(cart, "socket")
	takeOver(c.Writer)
}

func ginCrash(c *gin.Context, cart *sessions.Session[Cart]) {
	appendItem(cart, "half")
	panic("a bug")
}
