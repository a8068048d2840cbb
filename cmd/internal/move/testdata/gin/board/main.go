// Board is a small application of gin: users post messages.
package main

import (
	"log"
	"net/http"

	"github.com/gin-contrib/sessions"
	"github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"
)

const userKey = "user"

func main() { log.Fatal(newEngine().Run(":8080")) }

func newEngine() *gin.Engine {
	r := gin.New()
	store := cookie.NewStore([]byte("an example, which is no secret at all"))
	store.Options(sessions.Options{Path: "/", MaxAge: 3600, HttpOnly: true})
	r.Use(sessions.Sessions("board", store))

	r.GET("/", home)
	r.POST("/login", logIn)
	private := r.Group("/private", authRequired)
	private.POST("/post", post)
	private.POST("/logout", logOut)
	private.POST("/end", end)
	return r
}

func authRequired(c *gin.Context) {
	session := sessions.Default(c)
	if session.Get(userKey) == nil {
		c.AbortWithStatusJSON(http.StatusUnauthorized, gin.H{"error": "unauthorized"})
		return
	}
	c.Next()
}

func home(c *gin.Context) {
	session := sessions.Default(c)
	user := session.Get(userKey)
	var count int
	if v := session.Get("count"); v != nil {
		count = v.(int)
	}
	count++
	session.Set("count", count)
	flashes := session.Flashes()
	if err := session.Save(); err != nil {
		c.JSON(http.StatusInternalServerError, gin.H{"error": err.Error()})
		return
	}
	c.JSON(http.StatusOK, gin.H{"user": user, "count": count, "flashes": flashes})
}

func logIn(c *gin.Context) {
	session := sessions.Default(c)
	name := c.PostForm("name")
	if name == "" {
		c.JSON(http.StatusBadRequest, gin.H{"error": "who?"})
		return
	}
	session.Set(userKey, name)
	session.AddFlash("welcome")
	if err := session.Save(); err != nil {
		c.JSON(http.StatusInternalServerError, gin.H{"error": "failed to save"})
		return
	}
	c.JSON(http.StatusOK, gin.H{"message": "logged in"})
}

func post(c *gin.Context) {
	user := sessions.Default(c).Get(userKey).(string)
	c.String(http.StatusOK, "%s says %s", user, c.PostForm("text"))
}

func logOut(c *gin.Context) {
	session := sessions.Default(c)
	session.Delete(userKey)
	session.Save()
	c.Redirect(http.StatusSeeOther, "/")
}

func end(c *gin.Context) {
	session := sessions.Default(c)
	session.Clear()
	session.Options(sessions.Options{Path: "/", MaxAge: -1})
	session.Save()
	c.Status(http.StatusNoContent)
}
